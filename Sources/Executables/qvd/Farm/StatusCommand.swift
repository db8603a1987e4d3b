import ArgumentParser
import FarmModel
import FarmServices
import FarmStore
import SQLiteStore

struct StatusCommand: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "The farm at a glance: its name, database, addresses, and what it has.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let counts = try await session.farm.counts()
        let (farm, addressPlan) = try await session.store.farm()
        let findings = try await session.store.examine()
        let addresses = Int(addressPlan.rangeEnd.bits - addressPlan.rangeStart.bits) + 1
        let states = VMState.allCases.compactMap { state in
            counts.vmStates[state].map { "\($0) \(state.rawValue)" }
        }
        let row: Listing.Row = [
            ("farm", .text(farm.text)), ("database", .text(session.store.path)),
            ("schema", .number(Int64(SQLiteStore.schemaNumber))),
            ("integrity", .text(findings.isEmpty ? "ok" : findings.joined(separator: "; "))),
            ("network", .text("\(addressPlan.network)/\(addressPlan.prefixLength)")),
            ("gateway", Listing.Value(addressPlan.gateway?.description)),
            (
                "vm_addresses",
                .text("\(addressPlan.rangeStart) to \(addressPlan.rangeEnd), \(counts.vms) of \(addresses) taken")
            ),
            ("nodes", .text("\(counts.nodes), \(counts.nodesRunning) running")),
            ("users", .number(Int64(counts.users))), ("osfs", .number(Int64(counts.osfs))),
            ("images", .number(Int64(counts.images))), ("vms", .number(Int64(counts.vms))),
            ("vm_states", .list(states)), ("sessions", .number(Int64(counts.sessions))),
        ]
        Listing(rows: [row]).printObject(output)
    }
}

import ArgumentParser
import FarmModel
import FarmStore
import SQLiteStore

struct StatusCommand: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "status", abstract: "The farm at a glance: its name, database, addresses, and what it has.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let snapshot = try await session.store.snapshot()
        let findings = try await session.store.examine()
        let plan = snapshot.addressPlan
        let addresses = Int(plan.rangeEnd.bits - plan.rangeStart.bits) + 1
        let states = VMState.allCases.compactMap { state in
            let count = snapshot.vms.count { $0.observation.state == state }
            return count > 0 ? "\(count) \(state.rawValue)" : nil
        }
        let running = snapshot.nodes.count { $0.state == .running }
        let row: Listing.Row = [
            ("farm", .text(snapshot.farm.text)), ("database", .text(session.store.path)),
            ("schema", .number(Int64(SQLiteStore.schemaNumber))),
            ("integrity", .text(findings.isEmpty ? "ok" : findings.joined(separator: "; "))),
            ("network", .text("\(plan.network)/\(plan.prefixLength)")),
            ("gateway", Listing.Value(plan.gateway?.description)),
            (
                "vm_addresses",
                .text("\(plan.rangeStart) to \(plan.rangeEnd), \(snapshot.vms.count) of \(addresses) taken")
            ),
            ("nodes", .text("\(snapshot.nodes.count), \(running) running")),
            ("users", .number(Int64(snapshot.users.count))), ("osfs", .number(Int64(snapshot.osfs.count))),
            ("images", .number(Int64(snapshot.images.count))), ("vms", .number(Int64(snapshot.vms.count))),
            ("vm_states", .list(states)), ("sessions", .number(Int64(snapshot.sessions.count))),
        ]
        Listing(rows: [row]).printObject(output)
    }
}

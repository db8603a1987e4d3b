import FarmModel
import FarmRules
import SimulatedPorts
import Simulator

/// `no-lost-write`: the store never goes back behind a revision that somebody was told of, and its rows are what
/// everything that was done makes of them.
final class StoreChecker {
    private let world: World
    private var newest: Int64 = 0
    /// The revision at which the rows were last compared.
    private var compared: Int64 = -1
    private var nextComparison: Int64 = 0
    /// So many VMs are compared each second on the average: of a larger farm all rows are compared less often.
    private static let comparedPerSecond = 100

    init(_ world: World) { self.world = world }

    /// After each event that changed the store.
    func check() -> Violation? {
        newest = max(newest, world.simulation.acknowledgedRevision)
        let revision = world.store.revision
        guard revision < newest else { return nil }
        return Violation(
            "no-lost-write", at: world.now,
            "the store is at revision \(revision), but revision \(newest) was acknowledged")
    }

    /// Asked once a second: compares all rows with the log's, if anything was written since the last time.
    func compare() -> Violation? {
        let revision = world.store.revision
        guard revision != compared, world.now >= nextComparison else { return nil }
        let seconds = world.plan.vmsMax / Self.comparedPerSecond
        nextComparison = world.now + Int64(seconds) * Plan.second
        compared = revision
        guard let found = world.store.compare({ Self.difference(of: $0, from: $1) }) else { return nil }
        return Violation("no-lost-write", at: world.now, "what was acknowledged does not stand in the store: \(found)")
    }

    /// The first row that is not as the log has it.
    static func difference(of rows: FarmLedger, from shadow: FarmLedger) -> String? {
        let people =
            differing(rows.users(), shadow.users()) ?? differing(rows.tenants(), shadow.tenants())
            ?? differing(hashes(rows), hashes(shadow))
        let machines =
            differing(rows.vms(), shadow.vms()) ?? differing(rows.sessions(), shadow.sessions())
            ?? differing(secrets(rows), secrets(shadow))
        let nodes = differing(rows.nodes(), shadow.nodes()) ?? differing(abandoned(rows), abandoned(shadow))
        let images = differing(rows.osfs(), shadow.osfs()) ?? differing(rows.images(), shadow.images())
        let deletions = differing(rows.diskDeletions(), shadow.diskDeletions())
        let settings =
            differing([rows.properties()], [shadow.properties()])
            ?? differing([rows.configuration()], [shadow.configuration()])
        return machines ?? people ?? nodes ?? images ?? deletions ?? settings
    }

    private static func secrets(_ ledger: FarmLedger) -> [AgentSecret?] {
        ledger.vms().map { ledger.secret(of: $0.id) }
    }

    private static func hashes(_ ledger: FarmLedger) -> [String?] {
        ledger.users().map { ledger.passwordHash(of: $0.id) }
    }

    private static func abandoned(_ ledger: FarmLedger) -> [[VMID]] {
        ledger.nodes().map { ledger.abandonedDomains(on: $0.id) }
    }

    private static func differing<Row: Equatable>(_ rows: [Row], _ shadow: [Row]) -> String? {
        guard rows != shadow else { return nil }
        for index in 0..<max(rows.count, shadow.count) {
            let row = index < rows.count ? rows[index] : nil
            let done = index < shadow.count ? shadow[index] : nil
            guard row != done else { continue }
            return "\(row.map { "\($0)" } ?? "no row") instead of \(done.map { "\($0)" } ?? "no row")"
        }
        return nil
    }
}

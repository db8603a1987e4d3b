import FarmModel
import FarmPorts
import FarmRules
import FarmStore
import PortContracts
import SQLiteStore
import SimulatedPorts
import XCTest

/// Random sequences of operations on both stores: every answer and every snapshot must be the same.
final class StoreComparisonTests: XCTestCase {
    func testBothStoresAnswerRandomOperationsAlike() async throws {
        let folder = try TemporaryFolder()
        var counts: [String: Int] = [:]
        for seed in 1...24 {
            let memory = SimulatedStore(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
            let sqlite = try await SQLiteStore.create(
                at: folder.path("seed-\(seed).db"), farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
            var script = RandomScript(seed: UInt64(seed))
            var readers: [NodeID: (memory: FollowingReader, sqlite: FollowingReader)] = [:]
            for step in 1...1100 {
                let operation = script.next()
                let left = await operation.perform(on: memory)
                let right = await operation.perform(on: sqlite)
                XCTAssertEqual(left, right, "seed \(seed), step \(step): \(operation)")
                counts[left.hasPrefix("!") ? "refused" : "done", default: 0] += 1
                if left != right { return }
                for node in memory.look({ $0.nodes().map(\.id) }) {
                    try await follow(node, &readers, memory, sqlite)
                }
                if step % 20 == 0 {
                    let (one, other) = (try await memory.snapshot(), try await sqlite.snapshot())
                    XCTAssertEqual(one, other, "seed \(seed), step \(step)")
                }
            }
            let (one, other) = (try await memory.audit(limit: 1000), try await sqlite.audit(limit: 1000))
            XCTAssertEqual(one, other)
            let findings = try await sqlite.examine()
            XCTAssertEqual(findings, [])
            await sqlite.close()
        }
        print("random operations compared: \(counts.sorted { $0.key < $1.key })")
        XCTAssertGreaterThan(counts["done"] ?? 0, 1000)
        XCTAssertGreaterThan(counts["refused"] ?? 0, 500)
        print("readings of changes with VMs in them: \(readingsOfChanges)")
        XCTAssertGreaterThan(readingsOfChanges, 100)
    }

    private var readingsOfChanges = 0

    /// A node that reads what changed, on both stores: it must know what a whole reading says, and read the same VMs.
    private func follow(
        _ node: NodeID, _ readers: inout [NodeID: (memory: FollowingReader, sqlite: FollowingReader)],
        _ memory: SimulatedStore, _ sqlite: SQLiteStore
    ) async throws {
        let asked = (1...5).map { VMID($0) }
        guard var (left, right) = readers[node] else {
            readers[node] = (
                try await FollowingReader(node, about: asked, in: memory),
                try await FollowingReader(node, about: asked, in: sqlite)
            )
            return
        }
        let (one, other) = (try await left.follow(asked, in: memory), try await right.follow(asked, in: sqlite))
        XCTAssertEqual(one, other)
        if one?.isEmpty == false { readingsOfChanges += 1 }
        readers[node] = (left, right)
    }
}

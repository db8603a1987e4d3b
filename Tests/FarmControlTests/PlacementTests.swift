import FarmControl
import FarmModel
import XCTest

final class PlacementTests: XCTestCase {
    private let need = Resources(memory: Mebibytes(100), cpus: 2)

    private func load(
        _ id: Int64, vms: Int = 0, memory: Int? = nil, memoryTaken: Int = 0, cpus: Int? = nil, cpusTaken: Int = 0,
        state: NodeState = .running, isBlocked: Bool = false, isDraining: Bool = false
    ) -> NodeLoad {
        NodeLoad(
            node: Node(
                id: NodeID(id), name: "n\(id)", address: IPv4Address(bits: UInt32(id)), isBlocked: isBlocked,
                isDraining: isDraining, capacity: NodeCapacity(memory: memory.map { Mebibytes($0) }, cpus: cpus),
                state: state),
            vms: vms, reserved: Resources(memory: Mebibytes(memoryTaken), cpus: cpusTaken))
    }

    private func place(_ nodes: [NodeLoad], by policy: PlacementPolicy = .spread) -> Placement {
        Placement(of: need, among: nodes, by: policy)
    }

    func testWithoutCapacitiesTheFewestVMsCountAndThenTheLowestNumber() {
        XCTAssertEqual(place([load(7, vms: 2), load(8, vms: 3), load(9, vms: 2)]).node, NodeID(7))
        XCTAssertEqual(place([load(7, vms: 2), load(8, vms: 3), load(9, vms: 2)], by: .fill).node, NodeID(8))
        XCTAssertEqual(place([load(7), load(8)], by: .fill).node, NodeID(7))
    }

    func testTheScarcerOfMemoryAndProcessorsCounts() {
        // n1 would be half full of memory and a quarter of CPUs, n2 a quarter and nine sixteenths.
        let nodes = [
            load(1, vms: 9, memory: 800, memoryTaken: 300, cpus: 16, cpusTaken: 2),
            load(2, vms: 1, memory: 800, memoryTaken: 100, cpus: 16, cpusTaken: 7),
        ]
        XCTAssertEqual(place(nodes).node, NodeID(1))
        XCTAssertEqual(place(nodes, by: .fill).node, NodeID(2))
    }

    func testSharesAreComparedExactlyAndEqualOnesByTheirVMs() {
        // 1/3 and 2/6 are the same share: the one with fewer VMs is taken, or with `fill` the one with more.
        let nodes = [load(1, vms: 3, memory: 600, memoryTaken: 100), load(2, vms: 2, memory: 300)]
        XCTAssertEqual(place(nodes).node, NodeID(2))
        XCTAssertEqual(place(nodes, by: .fill).node, NodeID(1))
    }

    func testWhereOneNodeHasNoLimitTheNumberOfVMsCounts() {
        let nodes = [load(1, vms: 1, memory: 200), load(2, vms: 0), load(3, vms: 0, memory: 100_000)]
        XCTAssertEqual(place(nodes).node, NodeID(2))
    }

    func testEachObstacleIsFoundAndTheFirstOfANodeIsSaid() {
        let full = load(1, memory: 199, memoryTaken: 100, cpus: 1)
        let busy = load(2, memory: 200, memoryTaken: 100, cpus: 3, cpusTaken: 2)
        let blocked = load(3, memory: 1, state: .stopped, isBlocked: true)
        let away = load(4, memory: 1, state: .stopping)
        let draining = load(5, isDraining: true)
        let placement = place([full, busy, blocked, away, draining])
        XCTAssertNil(placement.node)
        XCTAssertEqual(placement.obstacles.map(\.node.id), [1, 2, 3, 4, 5].map { NodeID($0) })
        XCTAssertEqual(
            placement.obstacles.map(\.reason),
            [
                .tooLittleMemory(left: Mebibytes(99), needed: Mebibytes(100)), .tooFewCPUs(left: 1, needed: 2),
                .blocked,
                .notRunning(.stopping), .draining,
            ])
        XCTAssertEqual(
            placement.reasons,
            "n1 has 99 MiB left of the 100 MiB that it needs, n2 has 1 CPUs left of the 2 that it needs, n3 is blocked,"
                + " n4 is stopping, n5 is draining")
        XCTAssertEqual(
            placement.remedies,
            [.makeRoom, .unblock(.node(NodeID(3))), .startNode(NodeID(4)), .resume(NodeID(5))])
    }

    func testWhatFitsExactlyFits() {
        let node = load(5, memory: 200, memoryTaken: 100, cpus: 4, cpusTaken: 2)
        let placement = place([node, load(6, isBlocked: true)])
        XCTAssertEqual(placement.node, NodeID(5))
        XCTAssertEqual(placement.obstacles.map(\.node.id), [NodeID(6)])
    }

    func testOfManyNodesTheFirstFewAreNamed() {
        let placement = place((1...300).map { load($0, isBlocked: true) })
        XCTAssertEqual(
            placement.reasons,
            "n1 is blocked, n2 is blocked, n3 is blocked, n4 is blocked, n5 is blocked, 295 more cannot either")
        XCTAssertEqual(placement.remedies.count, 5)
    }

    func testAFarmWithoutNodesSaysSo() {
        XCTAssertEqual(place([]).reasons, "the farm has none")
        XCTAssertEqual(place([]).remedies, [.addNode])
    }

    func testAnUnknownPolicySpreads() {
        XCTAssertEqual(PlacementPolicy(configuration: [:]), .spread)
        XCTAssertEqual(PlacementPolicy(configuration: ["placement.policy": "fill"]), .fill)
        XCTAssertEqual(PlacementPolicy(configuration: ["placement.policy": "?"]), .spread)
    }
}

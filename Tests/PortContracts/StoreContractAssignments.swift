import FarmModel
import FarmPorts

extension StoreContract {
    static let assignments: [Case] = [
        (
            "a start assigns the VM once, with the next epoch",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectEqual(try store.assignments(to: example.node), [])
                try await store.requestStart(example.vm, on: example.node, by: "user alice@default")
                try await store.requestStart(example.vm, on: example.node, by: "somebody else")
                let assignment = try await store.assignments(to: example.node)
                let vm = try await store.vm(example.vm)
                try expectEqual(
                    vm.intent,
                    Intent(
                        wanted: .run, node: example.node, epoch: Epoch(1), request: 1, requestedBy: "user alice@default"
                    ))
                let snapshot = try await store.snapshot()
                try expectEqual(
                    assignment, [Assignment(vm: vm, login: "alice", osf: snapshot.osfs[0], images: snapshot.images)])
                try await expectEqual(
                    try store.nodesForPlacement(), [PlacementCandidate(node: snapshot.nodes[0], assignedVMs: 1)])
            }
        ),
        (
            "what is blocked, stopped or missing takes no start",
            { store in
                let example = try await ExampleFarm(in: store)
                func start() async throws(PortError) {
                    try await store.requestStart(example.vm, on: example.node, by: "test")
                }
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: nil, isBlocked: true))
                try await expectError(.denied, start)
                try await expectRefusal(
                    store, .startVM(example.vm, node: example.node), .blocked, naming: ["desk", "unblock"])
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: nil, isBlocked: false))
                _ = try await store.perform(.setNode(example.node, isBlocked: true))
                try await expectError(.denied, start)
                try await expectEqual(try store.nodesForPlacement(), [])
                _ = try await store.perform(.setNode(example.node, isBlocked: false))
                for state in NodeState.allCases where state != .running {
                    try await store.recordState(of: example.node, state, at: WallTime(seconds: 7))
                    try await expectError(.denied, start)
                    try await expectRefusal(
                        store, .startVM(example.vm, node: example.node), .noNode, naming: [state.rawValue])
                    try await expectEqual(try store.nodesForPlacement(), [])
                }
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.requestStart(VMID(9), on: example.node, by: "test")
                }
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.requestStart(example.vm, on: NodeID(9), by: "test")
                }
            }
        ),
        (
            "a start that no node has begun is taken back",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, on: example.node, by: "a")
                try await store.keep(AgentSecret("s"), of: example.vm, by: example.node, epoch: Epoch(1))
                try await store.requestStop(example.vm, by: "b")
                try await store.requestStop(example.vm, by: "c")
                try await expectEqual(
                    try store.vm(example.vm).intent,
                    Intent(wanted: .stop, node: nil, epoch: Epoch(1), request: 2, requestedBy: "b"))
                try await expectEqual(try store.desktop(example.vm)?.secret, nil)
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.record(
                        Observation(state: .starting), of: example.vm, by: example.node, epoch: Epoch(1))
                }
                try await store.requestStart(example.vm, on: example.node, by: "d")
                try await expectEqual(try store.vm(example.vm).intent.epoch, Epoch(2))
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.requestStop(VMID(9), by: "test")
                }
            }
        ),
        (
            "a running VM that is to stop keeps its node until it is released",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, on: example.node, by: "a")
                let running = Observation(
                    state: .running, since: WallTime(seconds: 8), detail: "", image: example.image)
                try await store.record(running, of: example.vm, by: example.node, epoch: Epoch(1))
                try await store.record(running, of: example.vm, by: example.node, epoch: Epoch(1))
                try await store.keep(AgentSecret("one"), of: example.vm, by: example.node, epoch: Epoch(1))
                try await store.keep(AgentSecret("two"), of: example.vm, by: example.node, epoch: Epoch(1))
                let view = try await store.desktop(example.vm)
                try expectEqual(view?.secret, AgentSecret("two"))
                try expectEqual(view?.vm.observation, running)
                try await store.requestStop(example.vm, by: "b")
                try await expectEqual(
                    try store.vm(example.vm).intent,
                    Intent(wanted: .stop, node: example.node, epoch: Epoch(1), request: 2, requestedBy: "b"))
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(1), request: 1, error: nil, at: WallTime(seconds: 20))
                let vm = try await store.vm(example.vm)
                try expectEqual(vm.intent.node, nil)
                try expectEqual(vm.observation, Observation(state: .stopped, since: WallTime(seconds: 20)))
                try await expectEqual(try store.desktop(example.vm)?.secret, nil)
                try await expectEqual(try store.assignments(to: example.node), [])
            }
        ),
        (
            "a stale writer changes nothing and learns it",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!))
                try await store.requestStart(example.vm, on: example.node, by: "a")
                let before = try await store.snapshot()
                for (node, epoch, vm) in [
                    (NodeID(2), Epoch(1), example.vm), (example.node, Epoch(0), example.vm),
                    (example.node, Epoch(2), example.vm), (example.node, Epoch(1), VMID(9)),
                ] {
                    try await expectError(.stale) { () async throws(PortError) in
                        try await store.record(Observation(state: .running), of: vm, by: node, epoch: epoch)
                    }
                    try await expectError(.stale) { () async throws(PortError) in
                        try await store.keep(AgentSecret("x"), of: vm, by: node, epoch: epoch)
                    }
                    try await expectError(.stale) { () async throws(PortError) in
                        try await store.release(
                            vm, by: node, epoch: epoch, request: 1, error: "x", at: WallTime(seconds: 1))
                    }
                }
                try await expectEqual(try store.snapshot(), before)
            }
        ),
    ]

    static let withdrawals: [Case] = [
        (
            "a start that failed is withdrawn, its reason stays until the next start",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, on: example.node, by: "a")
                try await store.record(
                    Observation(state: .starting, detail: "overlay"), of: example.vm, by: example.node, epoch: Epoch(1))
                for _ in 1...2 {
                    // The second is a repetition whose first answer was lost.
                    try await store.release(
                        example.vm, by: example.node, epoch: Epoch(1), request: 1, error: "disk full",
                        at: WallTime(seconds: 9))
                }
                let vm = try await store.vm(example.vm)
                try expectEqual(vm.intent, Intent(wanted: .stop, epoch: Epoch(1), request: 1, requestedBy: "node"))
                try expectEqual(
                    vm.observation, Observation(state: .stopped, since: WallTime(seconds: 9), lastError: "disk full"))
                try await store.requestStart(example.vm, on: example.node, by: "a")
                try await expectEqual(try store.vm(example.vm).observation.lastError, nil)
            }
        ),
        (
            "a newer start survives the release of the old run, with the next epoch",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, on: example.node, by: "a")
                try await store.record(
                    Observation(state: .running, image: example.image), of: example.vm, by: example.node,
                    epoch: Epoch(1))
                try await store.requestStop(example.vm, by: "b")
                // While it stops, it is wanted again; another node was chosen, but the disks are open here.
                _ = try await store.perform(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!))
                try await store.recordState(of: NodeID(2), .running, at: WallTime(seconds: 7))
                try await store.requestStart(example.vm, on: NodeID(2), by: "c")
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(1), request: 2, error: nil, at: WallTime(seconds: 9))
                let vm = try await store.vm(example.vm)
                try expectEqual(
                    vm.intent,
                    Intent(wanted: .run, node: example.node, epoch: Epoch(2), request: 3, requestedBy: "c"))
                try expectEqual(vm.observation, Observation(state: .stopped, since: WallTime(seconds: 9)))
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.record(
                        Observation(state: .running), of: example.vm, by: example.node, epoch: Epoch(1))
                }
            }
        ),
        (
            "a guest that ends by itself stays stopped",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, on: example.node, by: "a")
                try await store.record(
                    Observation(state: .running), of: example.vm, by: example.node, epoch: Epoch(1))
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(1), request: 1, error: nil, at: WallTime(seconds: 9))
                try await expectEqual(try store.vm(example.vm).intent.wanted, .stop)
                try await expectEqual(try store.vm(example.vm).intent.node, nil)
            }
        ),
        (
            "administrators start and stop as users do",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectEqual(
                    try store.perform(.startVM(example.vm, node: example.node)), .vm(example.vm))
                try await expectEqual(
                    try store.perform(.startVM(example.vm, node: example.node)), .vm(example.vm))
                try await expectEqual(try store.vm(example.vm).intent.request, 1)
                try await expectEqual(try store.vm(example.vm).intent.requestedBy, "test")
                _ = try await store.perform(.stopVM(example.vm))
                try await expectEqual(try store.vm(example.vm).intent.node, nil)
                try await expectRefusal(store, .stopVM(VMID(9)), .notFound)
                try await expectRefusal(store, .startVM(VMID(9), node: example.node), .notFound)
            }
        ),
    ]
}

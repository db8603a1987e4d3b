import FarmModel
import FarmPorts

extension StoreContract {
    static let assignments: [Case] = [
        (
            "a start assigns the VM once, with the next epoch",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectEqual(try store.desiredState(of: example.node, about: []).assignments, [])
                try await store.requestStart(example.vm, by: "user alice@default")
                try await store.requestStart(example.vm, by: "somebody else")
                let desired = try await store.desiredState(of: example.node, about: [])
                let vm = try await store.vm(example.vm)
                try expectEqual(
                    vm.intent,
                    Intent(
                        wanted: .run, node: example.node, epoch: Epoch(1), reserved: ExampleFarm.need, request: 1,
                        requestedBy: "user alice@default"))
                let snapshot = try await store.snapshot()
                try expectEqual(
                    desired,
                    DesiredState(
                        node: snapshot.nodes[0],
                        assignments: [
                            Assignment(vm: vm, login: "alice", osf: snapshot.osfs[0], images: snapshot.images)
                        ], revision: desired.revision))
            }
        ),
        (
            "what is blocked, stopped or missing takes no start",
            { store in
                let example = try await ExampleFarm(in: store)
                func start() async throws(PortError) {
                    try await store.requestStart(example.vm, by: "test")
                }
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: nil, isBlocked: true))
                try await expectError(.denied, start)
                try await expectRefusal(
                    store, .startVM(example.vm, node: example.node), .blocked, naming: ["desk", "unblock"])
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: nil, isBlocked: false))
                _ = try await store.perform(.setNode(example.node, isBlocked: true))
                try await expectError(.denied, start)
                _ = try await store.perform(.setNode(example.node, isBlocked: false))
                for state in NodeState.allCases where state != .running {
                    try await store.reportState(of: example.node, state, at: WallTime(seconds: 7))
                    try await expectError(.denied, start)
                    try await expectRefusal(
                        store, .startVM(example.vm, node: example.node), .noNode, naming: [state.rawValue])
                }
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.requestStart(VMID(9), by: "test")
                }
                try await expectRefusal(store, .startVM(example.vm, node: NodeID(9)), .notFound)
            }
        ),
        (
            "a start that no node has begun is taken back",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                // What the node says of it changes nothing: it says so while it waits.
                try await store.report(
                    Observation(state: .starting, since: WallTime(seconds: 8), detail: "waiting"), of: example.vm,
                    by: example.node, epoch: Epoch(1))
                try await store.requestStop(example.vm, by: "b")
                try await store.requestStop(example.vm, by: "c")
                try await expectEqual(
                    try store.vm(example.vm).observation, Observation(since: WallTime(seconds: 8)))
                try await expectEqual(
                    try store.vm(example.vm).intent,
                    Intent(wanted: .stop, node: nil, epoch: Epoch(1), request: 2, requestedBy: "b"))
                try await expectError(.stale) { () async throws(PortError) in
                    _ = try await store.begin(
                        example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("late"))
                }
                try await expectEqual(try store.desktop(example.vm)?.secret, nil)
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.report(
                        Observation(state: .starting), of: example.vm, by: example.node, epoch: Epoch(1))
                }
                try await store.requestStart(example.vm, by: "d")
                try await expectEqual(try store.vm(example.vm).intent.epoch, Epoch(2))
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.requestStop(VMID(9), by: "test")
                }
            }
        ),
        (
            "what a node has begun is freed by that node alone, whatever was reported of it",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                for _ in 1...2 {
                    // The second is a repetition whose first answer was lost.
                    let epoch = try await store.begin(
                        example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("first"))
                    try expectEqual(epoch, Epoch(2))
                }
                try await expectEqual(try store.desktop(example.vm)?.secret, AgentSecret("first"))
                try await expectEqual(try store.vm(example.vm).observation.state, .stopped)
                try await store.requestStop(example.vm, by: "b")
                let stopping = Intent(
                    wanted: .stop, node: example.node, epoch: Epoch(2), hasBegun: true, reserved: ExampleFarm.need,
                    request: 2, requestedBy: "b")
                try await expectEqual(try store.vm(example.vm).intent, stopping)
                for (epoch, secret) in [(Epoch(1), "first"), (Epoch(2), "first"), (Epoch(2), "x")] {
                    try await expectError(.stale) { () async throws(PortError) in
                        _ = try await store.begin(
                            example.vm, by: example.node, epoch: epoch, secret: AgentSecret(secret))
                    }
                }
                try await expectRefusal(store, .deleteVM(example.vm), .notStopped)
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 1, error: nil, at: WallTime(seconds: 20))
                try await expectEqual(
                    try store.vm(example.vm).intent,
                    Intent(wanted: .stop, epoch: Epoch(2), request: 2, requestedBy: "b"))
            }
        ),
        (
            "what an earlier daemon says late frees nothing that a later one began",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                let late = { (epoch: Epoch) async throws in
                    let before = try await store.snapshot()
                    let secret = try await store.desktop(example.vm)?.secret
                    for request in Int64(0)...1 {
                        try await expectError(.stale) { () async throws(PortError) in
                            try await store.release(
                                example.vm, by: example.node, epoch: epoch, request: request, error: "x",
                                at: WallTime(seconds: 9))
                        }
                    }
                    try await expectError(.stale) { () async throws(PortError) in
                        try await store.report(
                            Observation(state: .starting), of: example.vm, by: example.node, epoch: epoch)
                    }
                    try await expectError(.stale) { () async throws(PortError) in
                        _ = try await store.begin(
                            example.vm, by: example.node, epoch: epoch, secret: AgentSecret("late"))
                    }
                    try await expectEqual(try store.snapshot(), before)
                    try await expectEqual(try store.desktop(example.vm)?.secret, secret)
                }
                // The first daemon had said all this before the second began; then the second died too, and nothing
                // was live.
                for (epoch, secret) in [(Epoch(1), "second"), (Epoch(2), "third")] {
                    try await store.report(
                        Observation(state: .running), of: example.vm, by: example.node, epoch: epoch)
                    let begun = try await store.begin(
                        example.vm, by: example.node, epoch: epoch, secret: AgentSecret(secret))
                    try expectEqual(begun, Epoch(epoch.number + 1))
                    try await expectEqual(
                        try store.vm(example.vm).intent,
                        Intent(
                            wanted: .run, node: example.node, epoch: begun, hasBegun: true,
                            reserved: ExampleFarm.need, request: 1, requestedBy: "a"))
                    try await expectEqual(try store.desktop(example.vm)?.secret, AgentSecret(secret))
                    try await expectEqual(try store.vm(example.vm).observation.state, .starting)
                    try await late(epoch)
                }
            }
        ),
        (
            "a node learns of what it asks about, assigned to it or not",
            { store in
                let example = try await ExampleFarm(in: store)
                let second = try await store.number(
                    .addVM(name: "lab", user: example.user, osf: example.osf, tag: "default", address: nil))
                try await store.requestStart(example.vm, by: "a")
                let asked = [VMID(second), example.vm, VMID(77)]
                let desired = try await store.desiredState(of: example.node, about: asked)
                try expectEqual(desired.assignments.map(\.vm.id), [example.vm])
                try expectEqual(desired.elsewhere.map(\.vm.id), [VMID(second)])
                try expectEqual(desired.asked, Set(asked))
                _ = try await store.perform(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!))
                let other = try await store.desiredState(of: NodeID(2), about: [example.vm])
                try expectEqual(other.assignments, [])
                try expectEqual(other.elsewhere.map(\.vm.intent.node), [example.node])
                let many = try await store.desiredState(of: NodeID(2), about: (1...250).map { VMID($0) })
                try expectEqual(many.elsewhere.map(\.vm.id), [example.vm, VMID(second)].sorted())
                try await expectError(.notFound) { () async throws(PortError) in
                    _ = try await store.desiredState(of: NodeID(9), about: [])
                }
            }
        ),
        (
            "a running VM that is to stop keeps its node until it is released",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                _ = try await store.begin(example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("one"))
                let running = Observation(
                    state: .running, since: WallTime(seconds: 8), detail: "", image: example.image)
                try await store.report(running, of: example.vm, by: example.node, epoch: Epoch(2))
                try await store.report(running, of: example.vm, by: example.node, epoch: Epoch(2))
                let view = try await store.desktop(example.vm)
                try expectEqual(view?.secret, AgentSecret("one"))
                try expectEqual(view?.vm.observation, running)
                try await store.requestStop(example.vm, by: "b")
                try await expectEqual(
                    try store.vm(example.vm).intent,
                    Intent(
                        wanted: .stop, node: example.node, epoch: Epoch(2), hasBegun: true,
                        reserved: ExampleFarm.need, request: 2, requestedBy: "b"))
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 1, error: nil, at: WallTime(seconds: 20))
                let vm = try await store.vm(example.vm)
                try expectEqual(vm.intent.node, nil)
                try expectEqual(vm.observation, Observation(state: .stopped, since: WallTime(seconds: 20)))
                try await expectEqual(try store.desktop(example.vm)?.secret, nil)
                try await expectEqual(try store.desiredState(of: example.node, about: []).assignments, [])
            }
        ),
        (
            "a stale writer changes nothing and learns it",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!))
                try await store.requestStart(example.vm, by: "a")
                let before = try await store.snapshot()
                for (node, epoch, vm) in [
                    (NodeID(2), Epoch(1), example.vm), (example.node, Epoch(0), example.vm),
                    (example.node, Epoch(2), example.vm), (example.node, Epoch(1), VMID(9)),
                ] {
                    try await expectError(.stale) { () async throws(PortError) in
                        try await store.report(Observation(state: .running), of: vm, by: node, epoch: epoch)
                    }
                    try await expectError(.stale) { () async throws(PortError) in
                        _ = try await store.begin(vm, by: node, epoch: epoch, secret: AgentSecret("x"))
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
                try await store.requestStart(example.vm, by: "a")
                try await store.report(
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
                try await store.requestStart(example.vm, by: "a")
                try await expectEqual(try store.vm(example.vm).observation.lastError, nil)
            }
        ),
        (
            "a newer start survives the release of the old run, with the next epoch",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                _ = try await store.begin(example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("s"))
                try await store.report(
                    Observation(state: .running, image: example.image), of: example.vm, by: example.node,
                    epoch: Epoch(2))
                try await store.requestStop(example.vm, by: "b")
                // While it stops, it is wanted again; another node was chosen, but the disks are open here.
                _ = try await store.perform(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!))
                try await store.reportState(of: NodeID(2), .running, at: WallTime(seconds: 7))
                _ = try await store.perform(.startVM(example.vm, node: NodeID(2)), by: "c")
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 2, error: nil, at: WallTime(seconds: 9))
                let vm = try await store.vm(example.vm)
                try expectEqual(
                    vm.intent,
                    Intent(
                        wanted: .run, node: example.node, epoch: Epoch(3), reserved: ExampleFarm.need, request: 3,
                        requestedBy: "c"))
                try expectEqual(vm.observation, Observation(state: .stopped, since: WallTime(seconds: 9)))
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.report(
                        Observation(state: .running), of: example.vm, by: example.node, epoch: Epoch(2))
                }
            }
        ),
        (
            "a guest that ends by itself stays stopped",
            { store in
                let example = try await ExampleFarm(in: store)
                try await store.requestStart(example.vm, by: "a")
                try await store.report(
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
                    try store.perform(.startVM(example.vm, node: example.node)), .placed(example.vm, on: example.node))
                try await expectEqual(
                    try store.perform(.startVM(example.vm, node: example.node)), .placed(example.vm, on: example.node))
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

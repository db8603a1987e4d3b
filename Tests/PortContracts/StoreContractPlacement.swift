import FarmControl
import FarmModel
import FarmPorts

extension StoreContract {
    /// A second node that runs, and more VMs of the example's OSF, each of which needs 256 MiB and 3 CPUs.
    private static func addNode(
        _ name: String, _ address: String, memory: Int = 0, cpus: Int = 0, in store: any Store
    ) async throws -> NodeID {
        let node = NodeID(
            try await store.number(
                .addNode(name: name, address: IPv4Address(address)!, memory: Mebibytes(memory), cpus: cpus)))
        try await store.reportState(of: node, .running, at: WallTime(seconds: 6))
        return node
    }

    private static func addVMs(_ count: Int, _ example: ExampleFarm, in store: any Store) async throws -> [VMID] {
        var vms: [VMID] = []
        for number in 1...count {
            vms.append(
                VMID(
                    try await store.number(
                        .addVM(
                            name: "more \(number)", user: example.user, osf: example.osf, tag: "default", address: nil))
                ))
        }
        return vms
    }

    static let placements: [Case] = [
        (
            "starts are spread over the nodes that can take them, in the transaction of the start",
            { store in
                let example = try await ExampleFarm(in: store)
                let second = try await addNode("node2", "10.3.0.3", in: store)
                let third = try await addNode("node3", "10.3.0.4", in: store)
                let vms = try await addVMs(5, example, in: store)
                _ = try await store.perform(.setNode(third, isBlocked: true))
                var places: [NodeID] = []
                for vm in vms { places.append(try await store.requestStart(vm, by: "a")) }
                try expectEqual(places, [example.node, second, example.node, second, example.node])
                for (vm, place) in zip(vms, places) {
                    try await expectEqual(try store.vm(vm).intent.node, place)
                    // Said again, by whoever: it stays there.
                    try await expectEqual(try store.requestStart(vm, by: "b"), place)
                    try await expectEqual(try store.perform(.startVM(vm, node: third)), .placed(vm, on: place))
                }
                // What was given back counts no more.
                try await store.requestStop(vms[0], by: "a")
                try await store.requestStop(vms[2], by: "a")
                try await expectEqual(try store.requestStart(example.vm, by: "a"), example.node)
            }
        ),
        (
            "a node that drains takes nothing new, keeps what it has, and can be resumed",
            { store in
                let example = try await ExampleFarm(in: store)
                let vms = try await addVMs(2, example, in: store)
                try await expectEqual(try store.requestStart(vms[0], by: "a"), example.node)
                try await expectEqual(try store.perform(.drain(example.node)), .node(example.node))
                try await expectEqual(try store.node(named: "node1").node.isDraining, true)
                try await expectRefusal(store, .startVM(vms[1], node: nil), .noNode, naming: ["node1 is draining"])
                try await expectRefusal(store, .startVM(vms[1], node: example.node), .noNode, naming: ["draining"])
                try await expectEqual(try store.requestStart(vms[0], by: "b"), example.node)
                let second = try await addNode("node2", "10.3.0.3", in: store)
                try await expectEqual(try store.requestStart(vms[1], by: "a"), second)
                _ = try await store.perform(.resume(example.node))
                try await expectEqual(try store.node(named: "node1").node.isDraining, false)
                try await expectEqual(
                    try store.perform(.startVM(example.vm, node: nil)), .placed(example.vm, on: example.node))
            }
        ),
        (
            "a node gives what it has, and no more",
            { store in
                let example = try await ExampleFarm(in: store)
                let vms = try await addVMs(3, example, in: store)
                _ = try await store.perform(.setNode(example.node, memory: Mebibytes(2 * 256 + 255), cpus: 6))
                _ = try await store.requestStart(vms[0], by: "a")
                _ = try await store.requestStart(vms[1], by: "a")
                let reserved = Resources(memory: Mebibytes(256), cpus: 3)
                try await expectEqual(try store.vm(vms[1]).intent.reserved, reserved)
                try await expectError(.denied) { () async throws(PortError) in
                    _ = try await store.requestStart(vms[2], by: "a")
                }
                try await expectRefusal(
                    store, .startVM(vms[2], node: nil), .noNode,
                    naming: ["node1 has 255 MiB left of the 256 MiB", "raise"])
                _ = try await store.perform(.setNode(example.node, memory: Mebibytes(3 * 256)))
                try await expectRefusal(
                    store, .startVM(vms[2], node: nil), .noNode, naming: ["node1 has 0 CPUs left of the 3"])
                try await expectRefusal(
                    store, .startVM(vms[2], node: example.node), .noNode, naming: ["0 CPUs left of the 3", "raise"])
                // Less than is given out already: nothing that runs is touched, and nothing more fits.
                _ = try await store.perform(.setNode(example.node, cpus: 2))
                try await expectRefusal(
                    store, .startVM(vms[2], node: nil), .noNode, naming: ["node1 has 0 CPUs left of the 3"])
                try await expectEqual(try store.vm(vms[0]).intent.node, example.node)
                _ = try await store.perform(.setNode(example.node, cpus: 0))
                try await expectEqual(try store.requestStart(vms[2], by: "a"), example.node)
                try await expectEqual(
                    try store.snapshot().nodes[0].capacity, NodeCapacity(memory: Mebibytes(3 * 256), cpus: nil))
            }
        ),
        (
            "a VM that stops holds its room until its node has released it, and then gives it back",
            { store in
                let example = try await ExampleFarm(in: store)
                let other = try await addVMs(1, example, in: store)[0]
                _ = try await store.perform(.setNode(example.node, memory: Mebibytes(400)))
                _ = try await store.requestStart(example.vm, by: "a")
                _ = try await store.begin(example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("s"))
                try await store.requestStop(example.vm, by: "a")
                try await expectRefusal(store, .startVM(other, node: nil), .noNode)
                // The room that it holds is its own: it may be wanted again while it stops.
                _ = try await store.perform(
                    .setOSF(example.osf, name: nil, memory: Mebibytes(300), userDiskSize: nil, keepsOverlay: nil))
                try await expectEqual(try store.requestStart(example.vm, by: "a"), example.node)
                let larger = Resources(memory: Mebibytes(300), cpus: 3)
                try await expectEqual(try store.vm(example.vm).intent.reserved, larger)
                try await store.requestStop(example.vm, by: "a")
                _ = try await store.perform(
                    .setOSF(example.osf, name: nil, memory: Mebibytes(401), userDiskSize: nil, keepsOverlay: nil))
                try await expectRefusal(
                    store, .startVM(example.vm, node: nil), .noNode, naming: ["node1", "400 MiB left of the 401 MiB"])
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 4, error: nil, at: WallTime(seconds: 9))
                try await expectEqual(try store.vm(example.vm).intent.reserved, .none)
                _ = try await store.perform(
                    .setOSF(example.osf, name: nil, memory: Mebibytes(400), userDiskSize: nil, keepsOverlay: nil))
                try await expectEqual(try store.requestStart(other, by: "a"), example.node)
                // A start that is taken back gives its room back at once.
                try await store.requestStop(other, by: "a")
                try await expectEqual(try store.requestStart(example.vm, by: "a"), example.node)
            }
        ),
        (
            "the farm's policy fills one node after the other if it is told to",
            { store in
                let example = try await ExampleFarm(in: store)
                let small = try await addNode("node2", "10.3.0.3", memory: 512, in: store)
                _ = try await store.perform(.setNode(example.node, memory: Mebibytes(1024)))
                try await expectRefusal(
                    store, .setConfiguration(key: PlacementPolicy.configurationKey, value: "full"), .invalid,
                    naming: ["spread", "fill"])
                _ = try await store.perform(.setConfiguration(key: PlacementPolicy.configurationKey, value: "fill"))
                var places: [NodeID] = []
                for vm in try await addVMs(3, example, in: store) {
                    places.append(try await store.requestStart(vm, by: "a"))
                }
                try expectEqual(places, [small, small, example.node])
                _ = try await store.perform(.deleteConfiguration(key: PlacementPolicy.configurationKey))
                try await expectEqual(try store.requestStart(example.vm, by: "a"), example.node)
            }
        ),
        (
            "sizes that no machine has are slips",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(store, .setNode(example.node, memory: Mebibytes(-1)), .invalid)
                try await expectRefusal(store, .setNode(example.node, memory: Mebibytes(1 << 33)), .invalid)
                try await expectRefusal(store, .setNode(example.node, cpus: -1), .invalid)
                try await expectRefusal(store, .setNode(example.node, cpus: 1_000_001), .invalid)
                try await expectRefusal(
                    store,
                    .addNode(name: "n", address: IPv4Address("10.3.0.9")!, memory: Mebibytes(0), cpus: -2), .invalid)
                try await expectRefusal(
                    store,
                    .setOSF(example.osf, name: nil, memory: nil, cpus: 256, userDiskSize: nil, keepsOverlay: nil),
                    .invalid)
            }
        ),
        (
            "the audit trail says where a VM was placed",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.startVM(example.vm, node: nil))
                let newest = try await store.audit(limit: 1).first
                try expectEqual(newest?.action, "start VM \(example.vm) (desk)")
                try expectEqual(newest?.outcome, "done, on node \(example.node) (node1)")
            }
        ),
    ]
}

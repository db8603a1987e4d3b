import FarmModel
import FarmPorts

extension StoreContract {
    static let machines: [Case] = [
        (
            "a node's standing is what it said and what operators say of it",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectEqual(
                    try store.standing(ofNode: "node1"), NodeStanding(state: .running, isBlocked: false))
                _ = try await store.perform(.setNode(example.node, isBlocked: true))
                try await store.reportState(of: example.node, .stopping, at: WallTime(seconds: 8))
                try await expectEqual(
                    try store.standing(ofNode: "node1"), NodeStanding(state: .stopping, isBlocked: true))
                try await expectError(.notFound) { () async throws(PortError) in
                    _ = try await store.standing(ofNode: "node2")
                }
            }
        ),
        (
            "a node lives below the VM range, alone with name and address",
            { store in
                let example = try await ExampleFarm(in: store)
                func add(_ name: String, _ address: String) -> AdministrationCommand {
                    .addNode(name: name, address: IPv4Address(address)!)
                }
                try await expectRefusal(store, add("node1", "10.3.0.3"), .alreadyExists, naming: ["node1"])
                try await expectRefusal(store, add("node2", "10.3.0.2"), .alreadyExists, naming: ["node1", "10.3.0.2"])
                for outside in ["10.3.0.8", "10.3.0.0", "10.4.0.1", "10.3.0.15"] {
                    try await expectRefusal(store, add("node2", outside), .invalid, naming: [outside, "10.3.0.7"])
                }
                try await expectRefusal(store, add("", "10.3.0.3"), .invalid)
                try await expectEqual(try store.perform(add("node2", "10.3.0.7")), .node(NodeID(2)))
                let node = try await store.snapshot().nodes.last
                try expectEqual(node, Node(id: NodeID(2), name: "node2", address: IPv4Address("10.3.0.7")!))
                try await expectRefusal(store, .deleteNode(example.node), .inUse, naming: ["running"])
                _ = try await store.perform(.deleteNode(NodeID(2)))
            }
        ),
        (
            "a node finds itself by name",
            { store in
                let example = try await ExampleFarm(in: store)
                let identity = try await store.node(named: "node1")
                try expectEqual(identity.farm, farm)
                try expectEqual(identity.addressPlan, addressPlan)
                try expectEqual(identity.node.id, example.node)
                try expectEqual(identity.node.state, .running)
                try expectEqual(identity.node.stateSince, WallTime(seconds: 6))
                do {
                    _ = try await store.node(named: "nod1")
                    throw StoreContractFailure(message: "found a node that is not", file: #fileID, line: #line)
                } catch let error as PortError {
                    try expectEqual(error.reason, .notFound)
                    try expect(error.detail.contains("node1"), "`\(error)` does not name the nodes there are")
                }
                try await expectError(.notFound) { () async throws(PortError) in
                    try await store.reportState(of: NodeID(9), .running, at: WallTime(seconds: 1))
                }
            }
        ),
        (
            "addresses are given downwards, never twice, never the gateway, until the range is full",
            { store in
                let example = try await ExampleFarm(in: store)
                func add(_ name: String, _ address: IPv4Address?) -> AdministrationCommand {
                    .addVM(name: name, user: example.user, osf: example.osf, tag: "default", address: address)
                }
                try await expectEqual(try store.vm(example.vm).address, IPv4Address("10.3.0.14")!)
                try await expectRefusal(store, add("b", IPv4Address("10.3.0.14")!), .alreadyExists, naming: ["desk"])
                for outside in ["10.3.0.7", "10.3.0.15", "10.4.0.10"] {
                    try await expectRefusal(store, add("b", IPv4Address(outside)!), .invalid, naming: [outside])
                }
                try await expectRefusal(store, add("b", IPv4Address("10.3.0.9")!), .invalid, naming: ["gateway"])
                _ = try await store.perform(add("b", IPv4Address("10.3.0.12")!))
                var given: [String] = []
                for name in ["c", "d", "e", "f"] {
                    guard case .vm(let id) = try await store.perform(add(name, nil)) else { continue }
                    given.append(try await store.vm(id).address.description)
                }
                try expectEqual(given, ["10.3.0.13", "10.3.0.11", "10.3.0.10", "10.3.0.8"])
                try await expectRefusal(store, add("g", nil), .rangeIsFull, naming: ["10.3.0.8", "10.3.0.14"])
                let reservations = try await store.reservations()
                try expectEqual(reservations.map(\.vm), (1...6).map { VMID($0) }, "reservations")
                try expectEqual(reservations[0].mac, MACAddress("54:52:00:03:00:0e")!)
                try expectEqual(reservations[0].hostName, "desk")
            }
        ),
        (
            "a VM keeps the storage that it was made on",
            { store in
                let example = try await ExampleFarm(in: store)
                let fast = StorageID("fast-2")!
                _ = try await store.perform(
                    .addVM(
                        name: "swift", user: example.user, osf: example.osf, tag: "head", address: nil, storage: fast))
                _ = try await store.perform(.setVM(VMID(2), name: "quick", tag: nil, isBlocked: nil))
                try await expectEqual(try store.vm(VMID(2)).storage, fast)
                try await expectEqual(try store.vm(example.vm).storage, .standard)
                _ = try await store.requestStart(VMID(2), by: "test")
                let wanted = try await store.desiredState(of: example.node, about: [])
                try expectEqual(wanted.assignments.map(\.vm.storage), [fast], "storage of the assignment")
                let listed = try await store.vms(VMFilter(), ListPage()).map(\.vm.storage)
                try expectEqual(listed, [.standard, fast], "storages in the list")
                let actions = try await store.audit(limit: 5).map(\.action)
                try expect(actions.contains { $0.hasSuffix("storage fast-2") }, "\(actions)")
            }
        ),
        (
            "a VM's name is any text, once per user",
            { store in
                let example = try await ExampleFarm(in: store)
                func add(_ name: String, tag: String = "head") -> AdministrationCommand {
                    .addVM(name: name, user: example.user, osf: example.osf, tag: tag, address: nil)
                }
                let name = "Büro, <&> \"x\" 'y' 漢字"
                try await expectEqual(try store.perform(add(name)), .vm(VMID(2)))
                try await expectEqual(try store.vm(VMID(2)).name, name)
                try await expectEqual(try store.reservations().last?.hostName, "b-ro-x-y-2")
                try await expectRefusal(store, add("desk"), .alreadyExists, naming: ["desk", "alice@default"])
                try await expectRefusal(store, add(""), .invalid)
                try await expectRefusal(store, add("a\u{1b}b"), .invalid)
                try await expectRefusal(store, add("x", tag: "nowhere"), .notFound, naming: ["2026-03-01-000"])
                try await expectRefusal(store, .setVM(VMID(2), name: "desk", tag: nil, isBlocked: nil), .alreadyExists)
                _ = try await store.perform(.setVM(VMID(2), name: "lab", tag: "default", isBlocked: true))
                let vm = try await store.vm(VMID(2))
                try expect(vm.name == "lab" && vm.tag == "default" && vm.isBlocked, "\(vm)")
                _ = try await store.perform(.addUser(tenant: example.tenant, login: "bob", passwordHash: "$h"))
                try await expectEqual(
                    try store.perform(
                        .addVM(name: "desk", user: UserID(2), osf: example.osf, tag: "head", address: nil)),
                    .vm(VMID(3)))
                try await expectEqual(try store.desktops(of: example.user).map(\.id), [VMID(1), VMID(2)])
                try await expectEqual(try store.reservations().map(\.hostName), ["desk", "lab", "desk-3"])
            }
        ),
        (
            "a VM belongs to a user and an OSF of one tenant",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.addTenant(name: "acme"))
                _ = try await store.perform(.addUser(tenant: TenantID(2), login: "bob", passwordHash: "$h"))
                func add(_ user: UserID, _ osf: OSFID) -> AdministrationCommand {
                    .addVM(name: "x", user: user, osf: osf, tag: "head", address: nil)
                }
                try await expectRefusal(store, add(UserID(2), example.osf), .invalid, naming: ["bob@acme", "Office"])
                try await expectRefusal(store, add(UserID(9), example.osf), .notFound, naming: ["user 9"])
                try await expectRefusal(store, add(example.user, OSFID(9)), .notFound, naming: ["OSF 9"])
            }
        ),
        (
            "a VM goes only when it is stopped and not wanted",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.startVM(example.vm, node: example.node))
                try await expectRefusal(
                    store, .deleteVM(example.vm), .notStopped, naming: ["about to start", "stop VM"])
                _ = try await store.begin(example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("s"))
                try await store.report(
                    Observation(state: .running), of: example.vm, by: example.node, epoch: Epoch(2))
                _ = try await store.perform(.stopVM(example.vm))
                try await expectRefusal(store, .deleteVM(example.vm), .notStopped, naming: ["running"])
                try await expectRefusal(store, .deleteNode(example.node), .inUse, naming: ["desk"])
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 1, error: nil, at: WallTime(seconds: 9))
                _ = try await store.perform(.setProperty(.vm(example.vm), key: "k", value: "v"))
                _ = try await store.perform(.deleteVM(example.vm))
                try await expectEqual(try store.desktop(example.vm), nil)
                try await expectEqual(try store.reservations(), [])
                try await expectEqual(try store.snapshot().properties, [:])
                try await store.reportState(of: example.node, .stopped, at: WallTime(seconds: 10))
                _ = try await store.perform(.deleteNode(example.node))
            }
        ),
        (
            "a domain without a row is given up for one node",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(store, .abandonDomain(example.vm, node: example.node), .inUse, naming: ["desk"])
                try await expectRefusal(store, .abandonDomain(VMID(70), node: NodeID(9)), .notFound)
                try await expectRefusal(store, .abandonDomain(VMID(0), node: example.node), .invalid)
                for vm in [70, 60, 70] {
                    _ = try await store.perform(.abandonDomain(VMID(Int64(vm)), node: example.node))
                }
                try await expectEqual(try store.abandonedDomains(on: example.node), [VMID(60), VMID(70)])
                try await expectEqual(try store.abandonedDomains(on: NodeID(2)), [])
            }
        ),
    ]
}

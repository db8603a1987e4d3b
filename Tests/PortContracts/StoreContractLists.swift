import FarmModel
import FarmPorts

extension StoreContract {
    /// The example farm, and a tenant `acme` with objects of the same names.
    private static func twoTenants(
        _ store: any Store
    ) async throws -> (example: ExampleFarm, tenant: TenantID, user: UserID, osf: OSFID, vm: VMID) {
        let example = try await ExampleFarm(in: store)
        let tenant = TenantID(try await store.number(.addTenant(name: "acme")))
        let user = UserID(try await store.number(.addUser(tenant: tenant, login: "alice", passwordHash: "$h")))
        let osf = OSFID(
            try await store.number(
                .addOSF(
                    tenant: tenant, name: "Office", memory: Mebibytes(64), userDiskSize: Mebibytes(0),
                    keepsOverlay: false)))
        _ = try await store.number(.addImage(osf: osf, file: "office-2", version: "v1", day: "2026-03-01"))
        let vm = VMID(try await store.number(.addVM(name: "desk", user: user, osf: osf, tag: "default", address: nil)))
        return (example, tenant, user, osf, vm)
    }

    static let lists: [Case] = [
        (
            "objects are found by name, number and id, and only within the tenant that is asked for",
            { store in
                let (example, acme, user, osf, vm) = try await twoTenants(store)
                let here = TenantID(1)
                func check(
                    _ noun: FarmNoun, _ text: String, in tenant: TenantID? = nil, _ found: [FarmObject],
                    line: UInt = #line
                ) async throws {
                    try await expectEqual(
                        try store.find(noun, text, in: tenant), found, "\(noun) `\(text)`", line: line)
                }
                try await check(.vm, "desk", [.vm(example.vm), .vm(vm)])
                try await check(.vm, "desk", in: acme, [.vm(vm)])
                try await check(.vm, "DESK", [])
                for text in ["\(vm)", "id:\(vm)"] {
                    try await check(.vm, text, [.vm(vm)])
                    try await check(.vm, text, in: here, [])
                }
                try await check(.vm, "id:desk", [])
                try await check(.vm, "99", [])
                // A name that looks like a number is both.
                let number = VMID(
                    try await store.number(
                        .addVM(name: "\(vm)", user: user, osf: osf, tag: "default", address: nil)))
                try await check(.vm, "\(vm)", [.vm(vm), .vm(number)])
                try await check(.vm, "id:\(vm)", [.vm(vm)])
                try await check(.user, "alice", [.user(example.user)])
                try await check(.user, "Alice@ACME", [.user(user)])
                try await check(.user, "alice", in: acme, [.user(user)])
                try await check(.user, "alice@default", in: acme, [])
                try await check(.user, "\(user)", [.user(user)])
                try await check(.user, "bob", [])
                try await check(.osf, "Office", [.osf(example.osf), .osf(osf)])
                try await check(.osf, "Office", in: acme, [.osf(osf)])
                try await check(.image, "office-2", [.image(ImageID(2))])
                try await check(.image, "office-2", in: here, [])
                try await check(.image, "Office:v1", [.image(ImageID(2))])
                try await check(.image, "Office:head", in: here, [.image(example.image)])
                try await check(.image, "Office:none", [])
                try await check(.tenant, "ACME", [.tenant(acme)])
                try await check(.tenant, "acme", in: here, [])
                try await check(.tenant, "id:\(acme)", [.tenant(acme)])
                try await check(.tenant, "id:\(acme)", in: here, [])
                try await check(.node, "node1", [.node(example.node)])
                try await check(.node, "1", [.node(example.node)])
                // Nodes are the farm's, not a tenant's.
                try await check(.node, "node1", in: here, [])
                try await check(.node, "1", in: here, [])
            }
        ),
        (
            "lists come in pages by number, each with what it says of others",
            { store in
                let (example, acme, user, osf, vm) = try await twoTenants(store)
                for number in 1...4 {
                    _ = try await store.number(
                        .addVM(name: "more \(number)", user: user, osf: osf, tag: "head", address: nil))
                }
                var seen: [VMID] = []
                var page = ListPage(limit: 2)
                var sizes: [Int] = []
                while true {
                    let listings = try await store.vms(VMFilter(), page)
                    sizes.append(listings.count)
                    guard let last = listings.last else { break }
                    seen += listings.map(\.vm.id)
                    page.after = last.vm.id.rawValue
                }
                try expectEqual(seen, (1...6).map { VMID($0) })
                try expectEqual(sizes, [2, 2, 2, 0])
                try await store.requestStart(example.vm, by: "test")
                try await store.report(
                    Observation(state: .running, image: example.image), of: example.vm, by: example.node,
                    epoch: Epoch(1))
                _ = try await store.claim(
                    Session(
                        vm: example.vm, token: SessionToken(router: "r", number: 1), place: nil, state: .connecting,
                        peer: "p", since: WallTime(seconds: 9)))
                let all = ListPage()
                let first = try await store.vms(VMFilter(id: example.vm), all).first
                try await expectEqual(first?.vm, try store.vm(example.vm))
                try expectEqual(
                    [first?.login, first?.tenant, first?.osf, first?.node], ["alice", "default", "Office", "node1"])
                try expectEqual(first?.session?.peer, "p")
                let other = try await store.vms(VMFilter(id: vm), all).first
                try expectEqual([other?.tenant, other?.node], ["acme", nil])
                try await expectEqual(
                    try store.tenants(TenantFilter(), all).map {
                        [$0.tenant.id.rawValue, Int64($0.users), Int64($0.osfs)]
                    },
                    [[1, 1, 1], [2, 1, 1]])
                try await expectEqual(
                    try store.users(UserFilter(), all).map {
                        ["\($0.user.id)", $0.tenant, "\($0.vms)", "\($0.connected)"]
                    },
                    [["1", "default", "1", "1"], ["2", "acme", "5", "0"]])
                try await expectEqual(
                    try store.osfs(OSFFilter(), all).map { ["\($0.osf.id)", $0.tenant, "\($0.images)", "\($0.vms)"] },
                    [["1", "default", "1", "1"], ["2", "acme", "1", "5"]])
                try await expectEqual(
                    try store.images(ImageFilter(), all).map { ["\($0.image.id)", $0.osf, "\($0.running)"] },
                    [["1", "Office", "1"], ["2", "Office", "0"]])
                try await expectEqual(
                    try store.images(ImageFilter(osf: osf), all).map(\.image.tags),
                    [
                        ["default", "head", "v1"]
                    ])
                try await expectEqual(try store.nodes(NodeFilter(), all).map(\.vms), [1])
                try await expectEqual(try store.tenants(TenantFilter(id: acme), all).map(\.tenant.name), ["acme"])
                try await expectEqual(try store.nodes(NodeFilter(id: NodeID(9)), all), [])
            }
        ),
        (
            "filters let through what they say and nothing else",
            { store in
                let (example, acme, user, _, vm) = try await twoTenants(store)
                try await store.requestStart(example.vm, by: "test")
                try await store.report(
                    Observation(state: .starting), of: example.vm, by: example.node, epoch: Epoch(1))
                let all = ListPage()
                func ids(_ filter: VMFilter) async throws -> [VMID] { try await store.vms(filter, all).map(\.vm.id) }
                try await expectEqual(try ids(VMFilter(tenant: acme)), [vm])
                try await expectEqual(try ids(VMFilter(user: user)), [vm])
                try await expectEqual(try ids(VMFilter(node: example.node)), [example.vm])
                try await expectEqual(try ids(VMFilter(state: .starting)), [example.vm])
                try await expectEqual(try ids(VMFilter(state: .stopped)), [vm])
                try await expectEqual(try ids(VMFilter(tenant: acme, node: example.node)), [])
                try await expectEqual(try ids(VMFilter(id: vm, user: example.user)), [])
                try await expectEqual(try store.users(UserFilter(tenant: acme), all).map(\.user.id), [user])
                try await expectEqual(try store.osfs(OSFFilter(tenant: acme), all).map(\.osf.id), [OSFID(2)])
                try await expectEqual(try store.images(ImageFilter(tenant: acme), all).map(\.image.id), [ImageID(2)])
                let counts = try await store.counts()
                try expectEqual(counts.vmStates, [.starting: 1, .stopped: 1])
                try expectEqual(
                    [counts.tenants, counts.users, counts.osfs, counts.images, counts.nodes, counts.nodesRunning],
                    [2, 2, 2, 2, 1, 1])
                try expectEqual([counts.vms, counts.sessions], [2, 0])
            }
        ),
        (
            "what explains a VM is read with it, and properties say whose they are",
            { store in
                let (example, _, user, _, vm) = try await twoTenants(store)
                let part = try await store.surroundings(of: vm)
                try expectEqual(part?.vms.map(\.id), [vm])
                try expectEqual(part?.users.map(\.id), [user])
                try expectEqual(part?.tenants.map(\.name), ["acme"])
                try expectEqual(part?.images.map(\.id), [ImageID(2)])
                try expectEqual(part?.nodes.map(\.id), [example.node])
                try await expectEqual(try store.surroundings(of: VMID(99)), nil)
                let owners: [(PropertyOwner, String)] = [
                    (.osf(example.osf), "Office"), (.image(example.image), "office-1"), (.user(example.user), "alice"),
                    (.user(user), "alice@acme"), (.vm(vm), "desk"), (.node(example.node), "node1"),
                ]
                for (owner, _) in owners { _ = try await store.perform(.setProperty(owner, key: "k", value: "v")) }
                let all = try await store.properties(of: nil)
                try expectEqual(all.count, owners.count)
                for (owner, name) in owners {
                    let listing = PropertyListing(owner: owner, name: name, key: "k", value: "v")
                    try expect(all.contains(listing), "\(listing) is missing")
                    try await expectEqual(try store.properties(of: owner), [listing])
                }
                try await expectEqual(try store.properties(of: .vm(example.vm)), [])
                _ = try await store.perform(.setConfiguration(key: "a", value: "b"))
                try await expectEqual(try store.configuration(), ["a": "b"])
            }
        ),
    ]
}

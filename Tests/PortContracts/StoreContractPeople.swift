import FarmModel
import FarmPorts

extension StoreContract {
    static let people: [Case] = [
        (
            "a new farm has the tenant default and nothing else",
            { store in
                let snapshot = try await store.snapshot()
                var expected = FarmSnapshot(farm: farm, addressPlan: addressPlan)
                expected.tenants = [Tenant(id: TenantID(1), name: "default")]
                try expectEqual(snapshot, expected, "the farm")
            }
        ),
        (
            "numbers are never given out again",
            { store in
                try await expectEqual(try store.perform(.addTenant(name: "a")), .tenant(TenantID(2)))
                _ = try await store.perform(.deleteTenant(TenantID(2)))
                try await expectEqual(try store.perform(.addTenant(name: "a")), .tenant(TenantID(3)))
                let addresses = addressPlan.rangeEnd
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.deleteVM(example.vm))
                guard
                    case .vm(let next) = try await store.perform(
                        .addVM(name: "desk", user: example.user, osf: example.osf, tag: "head", address: nil))
                else { throw StoreContractFailure(message: "no VM", file: #fileID, line: #line) }
                try expect(next > example.vm, "VM number \(next) was given out twice")
                try await expectEqual(
                    try store.vm(next).address, addresses, "the address of a deleted VM is free again:")
            }
        ),
        (
            "names have limits and no twins",
            { store in
                try await expectRefusal(store, .addTenant(name: ""), .invalid, naming: ["empty"])
                try await expectRefusal(store, .addTenant(name: "DEFAULT"), .alreadyExists, naming: ["default", "1"])
                try await expectRefusal(
                    store, .addTenant(name: String(repeating: "ä", count: 81)), .invalid, naming: ["81", "80"])
                _ = try await store.perform(.addTenant(name: String(repeating: "ä", count: 80)))
                for bad in [" x", "x ", "a b", "a@b", "a\u{0}b", "-a", "a#b", "a:b"] {
                    try await expectRefusal(store, .addTenant(name: bad), .invalid)
                    try await expectRefusal(
                        store, .addUser(tenant: TenantID(1), login: bad, passwordHash: "$h"), .invalid)
                }
                let login = String(repeating: "x", count: 65)
                try await expectRefusal(
                    store, .addUser(tenant: TenantID(1), login: login, passwordHash: "$h"), .invalid, naming: ["64"])
            }
        ),
        (
            "a login is found whatever its case, in its own tenant only",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(
                    store, .addUser(tenant: TenantID(1), login: "ALICE", passwordHash: "$h"), .alreadyExists,
                    naming: ["alice@default"])
                _ = try await store.perform(.addTenant(name: "Acme"))
                try await expectEqual(
                    try store.perform(.addUser(tenant: TenantID(2), login: "Alice", passwordHash: "$other")),
                    .user(UserID(2)))
                let account = try await store.account(LoginName(" Alice ")!)
                try expectEqual(account?.user.id, example.user)
                try expectEqual(account?.passwordHash, ExampleFarm.hash)
                try expectEqual(account?.tenant.name, "default")
                let other = try await store.account(LoginName("ALICE@ACME")!)
                try expectEqual(other?.user.id, UserID(2))
                try expectEqual(other?.passwordHash, "$other")
                try await expectEqual(try store.account(LoginName("bob")!), nil)
                try await expectEqual(try store.account(LoginName("alice@nowhere")!), nil)
            }
        ),
        (
            "a user is set and deleted",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.setUser(example.user, passwordHash: "$new", isBlocked: nil))
                try await expectEqual(try store.account(LoginName("alice")!)?.passwordHash, "$new")
                _ = try await store.perform(.setUser(example.user, passwordHash: nil, isBlocked: true))
                try await expectEqual(try store.account(LoginName("alice")!)?.user.isBlocked, true)
                try await expectEqual(try store.account(LoginName("alice")!)?.passwordHash, "$new")
                try await expectRefusal(
                    store, .setUser(example.user, passwordHash: "", isBlocked: nil), .invalid, naming: ["hash"])
                try await expectRefusal(store, .deleteUser(example.user), .inUse, naming: ["VM 1 (desk)"])
                try await expectRefusal(store, .setUser(UserID(9), passwordHash: nil, isBlocked: true), .notFound)
                _ = try await store.perform(.setProperty(.user(example.user), key: "k", value: "v"))
                _ = try await store.perform(.deleteVM(example.vm))
                _ = try await store.perform(.deleteUser(example.user))
                try await expectEqual(try store.account(LoginName("alice")!), nil)
                try await expectEqual(try store.snapshot().properties, [:])
            }
        ),
        (
            "a tenant with users or OSFs stays, and so does default",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(store, .deleteTenant(example.tenant), .inUse, naming: ["default"])
                _ = try await store.perform(.addTenant(name: "acme"))
                _ = try await store.perform(.addUser(tenant: TenantID(2), login: "bob", passwordHash: "$h"))
                try await expectRefusal(store, .deleteTenant(TenantID(2)), .inUse, naming: ["1 users"])
                try await expectRefusal(store, .deleteTenant(TenantID(7)), .notFound, naming: ["7"])
                _ = try await store.perform(.setTenant(TenantID(2), isBlocked: true))
                try await expectEqual(try store.account(LoginName("bob@acme")!)?.tenant.isBlocked, true)
            }
        ),
    ]
}

import FarmModel
import FarmPorts

extension StoreContract {
    static let records: [Case] = [
        (
            "a session sees properties of OSF, image, user and VM, later ones first",
            { store in
                let example = try await ExampleFarm(in: store)
                let owners: [(PropertyOwner, String)] = [
                    (.vm(example.vm), "vm"), (.user(example.user), "user"), (.image(example.image), "image"),
                    (.osf(example.osf), "osf"), (.node(example.node), "node"),
                ]
                let order = ["osf", "image", "user", "vm"]
                for (owner, name) in owners {
                    for later in order[(order.firstIndex(of: name) ?? 0)...] {
                        _ = try await store.perform(.setProperty(owner, key: "of-\(later)", value: name))
                    }
                }
                var expected = ["of-osf": "osf", "of-user": "user", "of-vm": "vm", "of-image": "osf"]
                try await expectEqual(try store.desktop(example.vm)?.properties, expected, "without an image")
                try await store.requestStart(example.vm, by: "test")
                try await store.report(
                    Observation(state: .running, image: example.image), of: example.vm, by: example.node,
                    epoch: Epoch(1))
                expected["of-image"] = "image"
                try await expectEqual(try store.desktop(example.vm)?.properties, expected, "with an image")
                _ = try await store.perform(.deleteProperty(.vm(example.vm), key: "of-vm"))
                try await expectEqual(try store.desktop(example.vm)?.properties["of-vm"], "user")
            }
        ),
        (
            "properties and configuration are set, replaced and deleted",
            { store in
                let example = try await ExampleFarm(in: store)
                let owner = PropertyOwner.node(example.node)
                _ = try await store.perform(.setProperty(owner, key: "k", value: "one"))
                _ = try await store.perform(.setProperty(owner, key: "k", value: "zwei \u{1F600}\n'\"%$1"))
                try await expectEqual(try store.snapshot().properties, [owner: ["k": "zwei \u{1F600}\n'\"%$1"]])
                _ = try await store.perform(.deleteProperty(owner, key: "k"))
                try await expectEqual(try store.snapshot().properties, [:])
                try await expectRefusal(store, .deleteProperty(owner, key: "k"), .notFound, naming: ["node1"])
                try await expectRefusal(store, .setProperty(.user(UserID(9)), key: "k", value: ""), .notFound)
                try await expectRefusal(store, .setProperty(owner, key: "", value: ""), .invalid)
                try await expectRefusal(store, .setProperty(owner, key: "k", value: "\0"), .invalid)
                try await expectRefusal(
                    store, .setProperty(owner, key: "k", value: String(repeating: "x", count: 32_769)), .invalid)
                _ = try await store.perform(.setConfiguration(key: "a.b", value: ""))
                try await expectEqual(try store.snapshot().configuration, ["a.b": ""])
                try await expectRefusal(store, .setConfiguration(key: "vm.network.gateway", value: "x"), .invalid)
                _ = try await store.perform(.deleteConfiguration(key: "a.b"))
                try await expectRefusal(store, .deleteConfiguration(key: "a.b"), .notFound)
            }
        ),
        (
            "every command leaves one audit record, done or refused, without secrets",
            { store in
                let example = try await ExampleFarm(in: store)
                let before = try await store.audit(limit: 100)
                try expectEqual(before.count, 5)
                try expectEqual(
                    before.last,
                    AuditRecord(
                        at: WallTime(seconds: 5), actor: "test", action: "add user `alice` to tenant 1 (default)",
                        outcome: "done"))
                _ = try await store.perform(.setUser(example.user, passwordHash: "$very-secret", isBlocked: true))
                _ = try await store.perform(.setProperty(.vm(example.vm), key: "k", value: "$very-secret"))
                _ = try await store.perform(.setConfiguration(key: "k", value: "$very-secret"))
                try await expectRefusal(store, .deleteUser(example.user), .inUse)
                let newest = try await store.audit(limit: 4)
                try expectEqual(
                    newest.map(\.action),
                    [
                        "delete user 1 (alice@default)", "set configuration key `k`", "set property `k` of VM 1 (desk)",
                        "set user 1 (alice@default): password, blocked",
                    ])
                try expect(newest[0].outcome.hasPrefix("refused: user `alice@default` still has"), newest[0].outcome)
                try await expectEqual(try store.audit(limit: 1).count, 1)
                let everything = "\(try await store.audit(limit: 100)) \(try await store.snapshot())"
                try expect(!everything.contains("$test$hash"), "a password hash is to be read")
                try expect(!"\(newest)".contains("very-secret"), "a secret is in the audit trail")
            }
        ),
        (
            "a change wakes its watchers, a refusal at most once",
            { store in
                let example = try await ExampleFarm(in: store)
                let wakes = WakeCount(store.changes())
                // A store may wake at once for what was before.
                var count = try await wakes.whenQuiet()
                for number in 1...3 {
                    _ = try await store.perform(.setProperty(.vm(example.vm), key: "k", value: "\(number)"))
                    let next = try await wakes.whenQuiet()
                    try expect(next > count, "change \(number) woke nobody")
                    count = next
                }
                // It writes its audit record, so one wake is right.
                try await expectRefusal(store, .deleteUser(example.user), .inUse)
                let next = try await wakes.whenQuiet()
                try expect(next <= count + 1, "a refusal woke \(next - count) times")
            }
        ),
    ]
}

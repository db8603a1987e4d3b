import FarmModel
import FarmPorts

extension StoreContract {
    private static let root = Actor.console(name: "root")
    private static let time = WallTime(seconds: 5)

    static let requests: [Case] = [
        (
            "a command that is sent again is answered as the first time, and carried out once",
            { store in
                let request = RequestID("make-tenant")
                let command = AdministrationCommand.addTenant(name: "acme")
                let first = try await store.apply(command, by: root, request: request, at: time)
                try expectEqual(first, .success(.tenant(TenantID(2))))
                let before = (try await store.snapshot(), try await store.audit(limit: 100))
                let second = try await store.apply(command, by: root, request: request, at: WallTime(seconds: 9))
                try expectEqual(second, first)
                let third = try await store.apply(command, by: root, request: RequestID("another"), at: time)
                try expect((try? third.get()) == nil, "the same command under another name is a new one")
                try await expectEqual(try store.snapshot(), before.0, "the farm")
                try await expectEqual(try store.audit(limit: 100).count, before.1.count + 1, "the audit trail")
                // Also when it would be answered otherwise by now.
                _ = try await store.perform(.deleteTenant(TenantID(2)))
                let late = try await store.apply(command, by: root, request: request, at: time)
                try expectEqual(late, first)
                try await expectEqual(try store.snapshot().tenants.map(\.name), ["default"])
            }
        ),
        (
            "a refusal is answered again with its reason, subject and remedies",
            { store in
                let example = try await ExampleFarm(in: store)
                let (request, command) = (RequestID("r"), AdministrationCommand.deleteUser(example.user))
                let first = try await store.apply(command, by: root, request: request, at: time)
                guard case .failure(let refusal) = first else {
                    throw StoreContractFailure(message: "no refusal", file: #fileID, line: #line)
                }
                try expectEqual(refusal.reason, .inUse)
                try expectEqual(refusal.subject, .object(.user(example.user)))
                try expectEqual(refusal.remedies, [.delete([.vm(example.vm)])])
                _ = try await store.perform(.deleteVM(example.vm))
                try await expectEqual(try store.apply(command, by: root, request: request, at: time), first)
                let again = try await store.apply(command, by: root, request: RequestID("r2"), at: time)
                try expectEqual(again, .success(.done))
            }
        ),
        (
            "a name that stood for another command is refused, and one of another actor is another",
            { store in
                let request = RequestID("r")
                _ = try await store.apply(.addTenant(name: "acme"), by: root, request: request, at: time).get()
                let other = try await store.apply(.addTenant(name: "emca"), by: root, request: request, at: time)
                guard case .failure(let refusal) = other else {
                    throw StoreContractFailure(message: "no refusal", file: #fileID, line: #line)
                }
                try expectEqual(refusal.reason, .invalid)
                try expectEqual(refusal.subject, .request(RequestID("r")!))
                try await expectEqual(try store.audit(limit: 1).first?.outcome, "refused: \(refusal.message)")
                try await expectEqual(
                    try store.apply(
                        .addTenant(name: "emca"), by: .console(name: "eve"), request: request, at: time),
                    .success(.tenant(TenantID(3))))
            }
        ),
        (
            "an actor without the right is refused, and the trail says who",
            { store in
                let example = try await ExampleFarm(in: store)
                let alice = Actor.user(example.user, name: LoginName("alice")!)
                let start = AdministrationCommand.startVM(example.vm, node: example.node)
                try await expectEqual(
                    try store.apply(start, by: alice, at: time), .success(.placed(example.vm, on: example.node)))
                try await expectEqual(try store.vm(example.vm).intent.requestedBy, "user alice@default")
                let before = try await store.snapshot()
                guard case .failure(let refusal) = try await store.apply(.deleteVM(example.vm), by: alice, at: time)
                else { throw StoreContractFailure(message: "no refusal", file: #fileID, line: #line) }
                try expectEqual(refusal.reason, .notAllowed)
                try await expectEqual(try store.snapshot(), before)
                let record = try await store.audit(limit: 1).first
                try expectEqual(record?.actor, "user alice@default")
                try expectEqual(record?.outcome, "refused: \(refusal.message)")
            }
        ),
    ]
}

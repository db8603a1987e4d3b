import FarmModel
import FarmPorts

extension StoreContract {
    private static func session(
        _ vm: VMID, _ router: String, _ number: Int64, at place: RouterPlace? = .standAlone("gate")
    ) -> Session {
        Session(
            vm: vm, token: SessionToken(router: router, number: number), place: place, state: .connecting,
            peer: "10.9.9.9:5",
            since: WallTime(seconds: 30))
    }

    static let sessions: [Case] = [
        (
            "a VM has one session; a second client marks it as wanted and waits",
            { store in
                let example = try await ExampleFarm(in: store)
                let first = session(example.vm, "r1", 1)
                let second = session(example.vm, "r2", 1)
                try await expectEqual(try store.claim(first), .claimed)
                try await expectEqual(try store.claim(first), .claimed)
                try await expectEqual(try store.wantedOrConnecting(router: "r1"), [first])
                try await expectEqual(try store.wantedOrConnecting(router: "r2"), [])
                var marked = first
                marked.isTakeOverRequested = true
                try await expectEqual(try store.claim(second), .held(marked))
                try await expectEqual(try store.claim(second), .held(marked))
                try await expectEqual(try store.wantedOrConnecting(router: "r1"), [marked])
                try await expectEqual(try store.wantedOrConnecting(router: "r2"), [])
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.markConnected(first.token, vm: example.vm, at: WallTime(seconds: 31))
                }
                try await store.end(second.token, vm: example.vm)
                try await expectEqual(try store.desktop(example.vm)?.session, marked)
                try await store.end(first.token, vm: example.vm)
                try await store.end(first.token, vm: example.vm)
                try await expectEqual(try store.claim(second), .claimed)
                try await expectEqual(try store.snapshot().sessions, [second])
            }
        ),
        (
            "a session becomes connected once and says since when",
            { store in
                let example = try await ExampleFarm(in: store)
                let first = session(example.vm, "r1", 1)
                _ = try await store.claim(first)
                for time in [40, 50] {
                    try await store.markConnected(
                        first.token, vm: example.vm, at: WallTime(seconds: Int64(time)))
                }
                let found = try await store.desktop(example.vm)?.session
                try expectEqual(found?.state, .connected)
                try expectEqual(found?.since, WallTime(seconds: 40))
                try await expectEqual(try store.wantedOrConnecting(router: "r1"), [])
                try expectEqual(await store.all(router: "r1").map(\.token), [first.token])
                try await expectEqual(try store.all(router: "r2"), [])
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.markConnected(
                        SessionToken(router: "r1", number: 2), vm: example.vm, at: WallTime(seconds: 41))
                }
                _ = try await store.claim(session(example.vm, "r2", 1))
                try expectEqual(await store.wantedOrConnecting(router: "r1").map(\.token), [first.token])
                try await store.end(first.token, vm: example.vm)
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.markConnected(first.token, vm: example.vm, at: WallTime(seconds: 42))
                }
            }
        ),
        (
            "a session needs a VM and goes with it",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectError(.notFound) { () async throws(PortError) in
                    _ = try await store.claim(session(VMID(9), "r1", 1))
                }
                _ = try await store.claim(session(example.vm, "r1", 1))
                _ = try await store.perform(.deleteVM(example.vm))
                try await expectEqual(try store.snapshot().sessions, [])
            }
        ),
        (
            "a router that starts ends what its predecessors left, and nothing of other routers",
            { store in
                let example = try await ExampleFarm(in: store)
                let sessions = [
                    session(example.vm, "old", 1, at: .node(example.node)),
                    session(VMID(2), "new", 1, at: .node(example.node)),
                    session(VMID(3), "other", 1, at: .node(NodeID(9))),
                    session(VMID(4), "gate", 1, at: .standAlone("gate")),
                    session(VMID(5), "unknown", 1, at: nil),
                ]
                for number in 2...5 {
                    _ = try await store.perform(
                        .addVM(
                            name: "lab\(number)", user: example.user, osf: example.osf, tag: "head", address: nil))
                }
                for session in sessions { try await expectEqual(try store.claim(session), .claimed) }
                try await expectEqual(try store.snapshot().sessions, sessions)
                for _ in 1...2 {
                    try await store.endEarlier(at: .node(example.node), than: "new")
                    try await expectEqual(try store.snapshot().sessions, Array(sessions[1...3]))
                }
                try await store.endEarlier(at: .standAlone("door"), than: "newer")
                try await expectEqual(try store.snapshot().sessions, Array(sessions[1...3]))
                try await store.endEarlier(at: .standAlone("gate"), than: "newer")
                try await expectEqual(try store.snapshot().sessions, Array(sessions[1...2]))
            }
        ),
        (
            "a newcomer takes the place of the session that it marked, and of no other",
            { store in
                let example = try await ExampleFarm(in: store)
                let first = session(example.vm, "r1", 1)
                let second = session(example.vm, "r2", 1)
                let third = session(example.vm, "r3", 1)
                try await expectEqual(try store.claim(first), .claimed)
                var marked = first
                marked.isTakeOverRequested = true
                // Not marked yet: it is asked first, whatever the newcomer says.
                try await expectEqual(try store.takeOver(second, from: first.token), .held(marked))
                try await expectEqual(try store.takeOver(second, from: third.token), .held(marked))
                try await expectEqual(try store.takeOver(second, from: first.token), .claimed)
                try await expectEqual(try store.takeOver(second, from: first.token), .claimed, "repeated")
                try await expectEqual(try store.snapshot().sessions, [second])
                // The one that lost its place is stale and changes nothing.
                try await expectError(.stale) { () async throws(PortError) in
                    try await store.markConnected(first.token, vm: example.vm, at: WallTime(seconds: 31))
                }
                try await store.end(first.token, vm: example.vm)
                try await expectEqual(try store.snapshot().sessions, [second])
                // Who waited for the first meets the second, which nobody asked yet.
                marked = second
                marked.isTakeOverRequested = true
                try await expectEqual(try store.takeOver(third, from: first.token), .held(marked))
                try await store.end(second.token, vm: example.vm)
                try await expectEqual(try store.takeOver(third, from: second.token), .claimed, "it is free")
                try await expectError(.notFound) { () async throws(PortError) in
                    _ = try await store.takeOver(session(VMID(9), "r1", 1), from: first.token)
                }
            }
        ),
    ]
}

package import FarmModel
import FarmPorts

/// A node that reads what is wanted of it by what changed, as a daemon does, and compares it with a whole reading.
package struct FollowingReader {
    package let node: NodeID
    private var last: DesiredState
    /// How often there was no need to read everything.
    package private(set) var readingsOfChanges = 0

    package init(_ node: NodeID, about vms: [VMID], in store: any StoreContract.Store) async throws {
        self.node = node
        last = try await store.desiredState(of: node, about: vms)
    }

    /// - Returns: the VMs that were read, nil when everything was.
    @discardableResult
    package mutating func follow(
        _ vms: [VMID], in store: any StoreContract.Store, file: StaticString = #fileID, line: UInt = #line
    ) async throws -> Set<VMID>? {
        let whole = try await store.desiredState(of: node, about: vms)
        guard last.knows(vms),
            let changes = try await store.desiredStateChanges(of: node, about: vms, after: last.revision)
        else {
            last = whole
            return nil
        }
        readingsOfChanges += 1
        try expectEqual(
            last.applying(changes, about: vms), whole, "what was read by its changes", file: file, line: line)
        last = whole
        return changes.vms
    }
}

extension StoreContract {
    static let feed: [Case] = [
        (
            "a node that reads what changed knows what one knows that reads everything",
            { store in
                let example = try await ExampleFarm(in: store)
                let other = NodeID(
                    try await store.number(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!)))
                try await store.reportState(of: other, .running, at: WallTime(seconds: 6))
                let lab = VMID(
                    try await store.number(
                        .addVM(name: "lab", user: example.user, osf: example.osf, tag: "default", address: nil)))
                let asked = [example.vm, lab, VMID(77)]
                var reader = try await FollowingReader(example.node, about: asked, in: store)
                func expectRead(_ vms: Set<VMID>?, line: UInt = #line) async throws {
                    try await expectEqual(try reader.follow(asked, in: store), vms, "VMs read", line: line)
                }
                try await expectRead([])
                try await store.requestStart(example.vm, by: "a")
                try await expectRead([example.vm])
                _ = try await store.begin(example.vm, by: example.node, epoch: Epoch(1), secret: AgentSecret("one"))
                let running = Observation(state: .running, since: WallTime(seconds: 8), image: example.image)
                try await store.report(running, of: example.vm, by: example.node, epoch: Epoch(2))
                _ = try await store.perform(.startVM(lab, node: other))
                try await expectRead([example.vm, lab])
                // Said again: nothing changes.
                try await store.report(running, of: example.vm, by: example.node, epoch: Epoch(2))
                try await expectRead([])
                _ = try await store.perform(.setNode(example.node, isBlocked: true))
                try await expectRead([])
                _ = try await store.perform(.setVM(example.vm, name: "desk 2", tag: nil, isBlocked: nil))
                try await expectRead([example.vm])
                try await store.requestStop(lab, by: "a")
                try await expectRead([lab])
                try await store.requestStop(example.vm, by: "a")
                try await store.release(
                    example.vm, by: example.node, epoch: Epoch(2), request: 1, error: nil, at: WallTime(seconds: 9))
                try await expectRead([example.vm])
                _ = try await store.perform(.abandonDomain(VMID(60), node: example.node))
                try await expectRead([])
                _ = try await store.perform(.deleteVM(lab))
                try await expectRead([lab])
                // What VMs are made from: everything is read.
                _ = try await store.perform(
                    .setOSF(example.osf, name: nil, memory: Mebibytes(512), userDiskSize: nil, keepsOverlay: nil))
                try await expectRead(nil)
                _ = try await store.perform(.setImage(example.image, isBlocked: true))
                try await expectRead(nil)
                try expectEqual(reader.readingsOfChanges, 10, "readings of changes")
            }
        ),
        (
            "a node reads nothing of other nodes' VMs, and hears when the reservations are others",
            { store in
                let example = try await ExampleFarm(in: store)
                let other = NodeID(
                    try await store.number(.addNode(name: "node2", address: IPv4Address("10.3.0.3")!)))
                let before = try await store.desiredState(of: other, about: []).revision
                try await store.requestStart(example.vm, by: "a")
                let changes = try await store.desiredStateChanges(of: other, about: [], after: before)
                try expectEqual(changes?.vms, [], "VMs of another node")
                try expectEqual(changes?.areReservationsOthers, false, "whether reservations are others")
                try expect(before != changes?.revision, "a start did not change the revision")
                // The node that had the VM asks about nothing, and hears all the same that it has it no longer.
                let had = try await store.desiredState(of: example.node, about: []).revision
                try await store.requestStop(example.vm, by: "a")
                let gone = try await store.desiredStateChanges(of: example.node, about: [], after: had)
                try expectEqual(gone?.vms, [example.vm], "VMs that the node has no longer")
                try expectEqual(gone?.areReservationsOthers, false, "whether reservations are others")
                // On a node its new name concerns all nodes too.
                try await store.requestStart(example.vm, by: "b")
                for command: AdministrationCommand in [
                    .addVM(name: "lab", user: example.user, osf: example.osf, tag: "default", address: nil),
                    .setVM(example.vm, name: "renamed", tag: nil, isBlocked: nil), .deleteVM(VMID(2)),
                ] {
                    let before = try await store.desiredState(of: other, about: []).revision
                    _ = try await store.perform(command)
                    let changes = try await store.desiredStateChanges(of: other, about: [], after: before)
                    try expectEqual(changes?.areReservationsOthers, true, "whether \(command) changes reservations")
                }
                try await expectError(.notFound) { () async throws(PortError) in
                    _ = try await store.desiredStateChanges(of: NodeID(9), about: [], after: before)
                }
            }
        ),
        (
            "changes say what they are about",
            { store in
                let example = try await ExampleFarm(in: store)
                var seen = try await store.changes(after: Revision(-1_000_000)).revision
                func expectChanges(_ expected: Set<FarmChange>, line: UInt = #line) async throws {
                    let news = try await store.changes(after: seen)
                    try expectEqual(news.changes, expected, "what changed", line: line)
                    try expect((seen == news.revision) == expected.isEmpty, "the revision does not tell", line: line)
                    seen = news.revision
                }
                try await expectChanges([])
                try await store.requestStart(example.vm, by: "a")
                try await store.requestStart(example.vm, by: "b")
                try await expectChanges([FarmChange(.node(example.node), vm: example.vm)])
                let (first, second) = ("r1", "r2")
                func session(_ router: String) -> Session {
                    Session(
                        vm: example.vm, token: SessionToken(router: router, number: 1), state: .connecting, peer: "",
                        since: WallTime(seconds: 1))
                }
                _ = try await store.claim(session(first))
                try await expectChanges([FarmChange(.router(first), vm: example.vm)])
                _ = try await store.claim(session(second))
                try await expectChanges([FarmChange(.router(first), vm: example.vm)])
                // Marked already.
                _ = try await store.claim(session(second))
                try await expectChanges([])
                _ = try await store.takeOver(session(second), from: session(first).token)
                try await expectChanges([
                    FarmChange(.router(first), vm: example.vm), FarmChange(.router(second), vm: example.vm),
                ])
                try await store.markConnected(session(second).token, vm: example.vm, at: WallTime(seconds: 2))
                try await expectChanges([FarmChange(.router(second), vm: example.vm)])
                try await store.end(session(first).token, vm: example.vm)
                try await expectChanges([])
                try await store.end(session(second).token, vm: example.vm)
                try await expectChanges([FarmChange(.router(second), vm: example.vm)])
                _ = try await store.perform(.setConfiguration(key: "k", value: "v"))
                try await expectChanges([])
                try await store.reportState(of: example.node, .stopped, at: WallTime(seconds: 3))
                try await expectChanges([FarmChange(.node(example.node))])
                _ = try await store.perform(.tagImage(example.image, tag: "new"))
                try await expectChanges([FarmChange(.farm)])
            }
        ),
        (
            "a reader of another era, of the future or too far behind is told to read everything",
            { store in
                let example = try await ExampleFarm(in: store)
                let newest = try await store.desiredState(of: example.node, about: []).revision
                for earlier in [
                    Revision(newest.number, era: newest.era + 1), Revision(newest.number + 1, era: newest.era),
                    Revision(newest.number - 10_001, era: newest.era),
                ] {
                    try await expectEqual(try store.changes(after: earlier).changes, nil, "changes after \(earlier)")
                    try await expectEqual(try store.changes(after: earlier).revision, newest, "the revision")
                    try await expectEqual(
                        try store.desiredStateChanges(of: example.node, about: [], after: earlier), nil,
                        "changes of the node after \(earlier)")
                }
                let far = Revision(newest.number - 10_000, era: newest.era)
                try await expect(try store.changes(after: far).changes != nil, "10,000 changes are kept")
            }
        ),
    ]
}

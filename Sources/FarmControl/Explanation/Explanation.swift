package import FarmModel

/// One thing that explains a VM's state: what is so, and what an administrator may do about it.
package struct Reason: Sendable, Hashable, CustomStringConvertible {
    /// A sentence without its full stop.
    package let words: String
    package let remedies: [Remedy]

    /// A program that has commands or buttons for the remedies says them itself.
    package var description: String {
        remedies.isEmpty ? "\(words)." : "\(words); \(remedies.map(\.description).joined(separator: ", or "))."
    }

    init(_ words: String, _ remedies: [Remedy] = []) {
        self.words = words
        self.remedies = remedies
    }
}

/// Says in plain words why a VM is in its state and what to do, from a snapshot alone.
package struct Explanation {
    private let snapshot: FarmSnapshot
    private let vm: VirtualMachine
    private let now: WallTime
    private var reasons: [Reason] = []

    /// The most telling first; nil when there is no such VM.
    package static func of(_ vm: VMID, in snapshot: FarmSnapshot, at now: WallTime) -> [Reason]? {
        guard let vm = snapshot.vms.first(where: { $0.id == vm }) else { return nil }
        var explanation = Explanation(snapshot: snapshot, vm: vm, now: now)
        explanation.explain()
        return explanation.reasons
    }

    private init(snapshot: FarmSnapshot, vm: VirtualMachine, now: WallTime) {
        self.snapshot = snapshot
        self.vm = vm
        self.now = now
    }

    private mutating func explain() {
        say("VM \(vm.id) (\(vm.name)) of \(owner) is \(vm.observation.state.rawValue)\(duration)")
        switch vm.observation.state {
        case .stopped: vm.intent.wanted == .run ? explainWaiting() : explainStopped()
        case .starting: explainStarting()
        case .running: explainRunning()
        case .stopping: explainStopping()
        case .zombie: explainZombie()
        case .debugging: explainDebugging()
        }
        if let error = vm.observation.lastError { say("The last start or stop failed: \(error)") }
        explainNode()
        explainImage()
        explainBlocks()
        explainSession()
    }

    // MARK: States

    private mutating func explainStopped() {
        if vm.intent.node != nil {
            say("\(asker) asked to stop it, and \(nodeName) is clearing up after it")
            return
        }
        say("Nobody wants it to run. It starts when \(owner) connects", .start(vm.id))
        guard let osf = snapshot.osfs.first(where: { $0.id == vm.osf }) else { return }
        let placement = Placement(
            of: osf.need, among: snapshot.nodeLoads,
            by: PlacementPolicy(configuration: snapshot.configuration))
        guard placement.node == nil else { return }
        reasons.append(
            Reason("No start is possible now: no node can take it (\(placement.reasons))", placement.remedies))
    }

    private mutating func explainWaiting() {
        say("\(asker) asked for it to run on \(nodeName), which has not begun yet")
        if node?.state == .running {
            say(
                vm.observation.detail.isEmpty
                    ? "\(nodeName) is running and should begin within seconds; if it does not, read qvd-node's log"
                        + " there"
                    : "\(nodeName) says: \(vm.observation.detail)")
        }
    }

    private mutating func explainStarting() {
        say("\(asker) asked for it to run; \(nodeName) is at: \(detail)")
        if vm.intent.wanted == .stop {
            say("Meanwhile it is wanted to stop, so the start will be undone")
        }
    }

    private mutating func explainRunning() {
        if vm.intent.wanted == .stop {
            say("\(asker) asked to stop it; \(nodeName) has not begun yet")
        } else {
            say("\(asker) asked for it to run, and it runs on \(nodeName) with address \(vm.address)")
        }
        if !vm.observation.detail.isEmpty { say("\(nodeName) says: \(detail)") }
    }

    private mutating func explainStopping() {
        if vm.intent.wanted == .run {
            say(
                "It will start again on \(nodeName) once it has stopped, because \(asker) asked for it meanwhile")
        } else {
            say("\(asker) asked to stop it, or its guest ended by itself; \(nodeName) is at: \(detail)")
        }
    }

    private mutating func explainZombie() {
        say(
            "\(nodeName) cannot confirm that it is dead (\(detail)), so it keeps its node and its disks; the node tries"
                + " again with growing pauses")
        say("It starts nowhere else until it is dead. If it stays so, look at its domain on \(nodeName)")
    }

    private mutating func explainDebugging() {
        say("Its agent stopped answering, and \(nodeName) keeps it for inspection", .stop([vm.id]))
    }

    // MARK: What else matters

    private mutating func explainNode() {
        guard let id = vm.intent.node else { return }
        guard let node else {
            say("Its node \(id) is not in the farm any more")
            return
        }
        if node.state != .running {
            say(
                "\(node.name) is \(node.state.rawValue) itself, so nothing happens to the VM", .startNode(node.id))
        }
    }

    private mutating func explainImage() {
        guard let osf = snapshot.osfs.first(where: { $0.id == vm.osf }) else { return }
        let images = snapshot.images.filter { $0.osf == vm.osf }
        let used = vm.observation.image.flatMap { id in images.first { $0.id == id } }
        if let id = vm.observation.image {
            say("It runs on image \(id)\(used.map { " (version \($0.version))" } ?? ", which is gone")")
        }
        switch ImageChoice.choose(for: Assignment(vm: vm, login: "", osf: osf, images: images)) {
        case .success(let image):
            guard image.id != used?.id else { return }
            say(
                "Its next start uses image \(image.id) (version \(image.version), file \(image.file)), which has the"
                    + " tag `\(vm.tag)` of OSF \(osf.name)")
        case .failure(let failure):
            say("It could not start now: \(failure.words)")
        }
    }

    private mutating func explainBlocks() {
        if vm.isBlocked {
            say("It is blocked: it takes no start and no connection", .unblock(.vm(vm.id)))
        }
        if let user, user.isBlocked {
            say("Its user is blocked and cannot connect", .unblock(.user(user.id)))
        }
        if let tenant, tenant.isBlocked {
            say("Its tenant \(tenant.name) is blocked: its users cannot connect", .unblock(.tenant(tenant.id)))
        }
        if let node, node.isDraining {
            say(
                "\(node.name) is draining: it takes no VM any more, and this one stays until it stops", .resume(node.id)
            )
        }
        if let node, node.isBlocked {
            say("\(node.name) is blocked: it takes no new start", .unblock(.node(node.id)))
        }
    }

    private mutating func explainSession() {
        guard let session = snapshot.sessions.first(where: { $0.vm == vm.id }) else { return }
        let verb = session.state == .connected ? "is connected" : "is connecting"
        say("A client \(verb) from \(session.peer)\(elapsed(since: session.since))")
        if session.isTakeOverRequested {
            say("Another client of the user is taking that session over")
        }
    }

    // MARK: Words

    private mutating func say(_ words: String, _ remedies: Remedy...) {
        reasons.append(Reason(words, remedies))
    }

    private var user: User? { snapshot.users.first { $0.id == vm.user } }
    private var tenant: Tenant? { user.flatMap { user in snapshot.tenants.first { $0.id == user.tenant } } }
    private var node: Node? { vm.intent.node.flatMap { id in snapshot.nodes.first { $0.id == id } } }
    private var nodeName: String { node?.name ?? vm.intent.node.map { "node \($0)" } ?? "its node" }
    private var owner: String { "\(user?.login ?? "user \(vm.user)")@\(tenant?.name ?? "?")" }
    private var detail: String { vm.observation.detail.isEmpty ? "no detail given" : vm.observation.detail }
    private var duration: String { elapsed(since: vm.observation.since) }

    private var asker: String {
        switch vm.intent.requestedBy {
        case "": "Somebody"
        case "node": "The node itself"
        default: vm.intent.requestedBy.prefix(1).uppercased() + vm.intent.requestedBy.dropFirst()
        }
    }

    /// ` for 5 minutes`; empty for a moment that was never recorded or lies ahead.
    private func elapsed(since moment: WallTime) -> String {
        let seconds = now.seconds - moment.seconds
        guard moment.seconds > 0, seconds >= 0 else { return "" }
        for (unit, length) in [("day", Int64(86_400)), ("hour", 3600), ("minute", 60)] where seconds >= 2 * length {
            return " for \(seconds / length) \(unit)s"
        }
        return " for \(seconds) second\(seconds == 1 ? "" : "s")"
    }
}

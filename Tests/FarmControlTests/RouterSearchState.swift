import FarmModel

@testable import FarmControl
@testable import FarmRules
import PortContracts

/// Two routers and the clients of one user who all want the same desktop, one step at a time.
///
/// What decides is the product: `ConnectMachine`s, and the rules of sessions and starts on the product's own rows in
/// memory. What this file and its neighbours play is the world around them: calls that are answered, fail, lose their
/// answer or act late, routers that die, a guest with one X session, and time.
struct RouterSearchState {
    static let vm = VMID(1)
    /// The one that comes when all is quiet, to see whether the VM can be taken over.
    static let probe = 2

    /// Whole seconds, so that few distances between moments exist. The shape is that of the product's limits.
    static let limits: ConnectLimits = {
        var limits = ConnectLimits()
        limits.takeOver = .seconds(2)
        limits.takePlace = .seconds(2)
        limits.start = .seconds(3)
        limits.sessionTriesMax = 3
        limits.sessionRetry = .seconds(1)
        limits.listening = .seconds(2)
        limits.session = .seconds(4)
        limits.sessionPoll = .seconds(1)
        limits.openConnection = .seconds(1)
        limits.mark = .seconds(2)
        limits.storePoll = .seconds(1)
        return limits
    }()

    private static let request = try! ConnectRequest(
        upgrade: "QVD/1.0", connection: "Upgrade", query: [("id", "\(vm)")])

    /// A rule broken on purpose, to see that the search finds it.
    enum Mutant: CaseIterable {
        /// A router that starts ends the sessions of all others.
        case startEndsAllSessions
        /// A forced take-over does not look whose place it takes.
        case takesAnyPlace
        /// A session that another client wants can still become connected.
        case marksWantedSessions
        /// What a client could not end is forgotten.
        case forgetsOwedEnds
        /// A router never looks which of its sessions others want.
        case neverGivesWay
        /// A holder that does not give way keeps its place for ever.
        case neverTakesPlaces
    }

    struct RouterState: Hashable {
        enum Life { case alive, dead, deadForEver }

        let place: RouterPlace
        var life = Life.alive
        /// Which run of the router this is, and what its sessions are called after.
        var run = 1
        var incarnation: String
        var lastSession: Int64 = 0
        var hasEndedEarlier = false
        var owedEnds: [SessionToken] = []
        /// Its last look at the store failed; it looks again in a second.
        var hasFailedToLook = false

        init(place: RouterPlace, name: String) {
            self.place = place
            incarnation = name
        }
    }

    /// A client's way, as its router has it.
    struct Connect {
        /// What became of the session in the store.
        enum End: Hashable { case notYet, asked, owed, ended }

        let router: Int
        let token: SessionToken
        var machine: ConnectMachine
        /// What the machine asked for last and still awaits.
        var call: ConnectMachine.Action?
        /// Something changed in the store since this client's last look.
        var hasNews = false
        var end = End.notYet
        /// The router died under it.
        var isBroken = false
        /// Another client took its place by force.
        var hasLostPlace = false
        /// A late claim came after the end.
        var hasLateClaim = false
    }

    /// A guest has one X session and one line to it. What a line brings, and to whom, is in its owner.
    enum Guest: Hashable {
        case off, suspended, starting, listening
        case connected(SessionToken)
    }

    /// A call whose caller heard nothing, and which is carried out when it likes.
    enum Late: Hashable {
        case call(ConnectMachine.Action, client: Int, Session)
        case end(SessionToken)
    }

    let mutant: Mutant?
    var ledger: FarmLedger
    var now = Instant.start
    var routers: [RouterState]
    var clients: [Connect?] = [nil, nil, nil]
    var guest = Guest.off
    var late: [Late] = []
    /// Since when the session in the store is wanted by another.
    var wantedSince: Instant?
    /// Disturbances that may still happen.
    var budget: Int
    var wasHurt = false
    /// The first rule that did not hold.
    var violation: String?

    init(budget: Int, isRunning: Bool, mutant: Mutant? = nil) {
        self.mutant = mutant
        self.budget = budget
        routers = [
            RouterState(place: .node(NodeID(1)), name: "r0.1"), RouterState(place: .standAlone("gate"), name: "r1.1"),
        ]
        let addressPlan = try! AddressPlan(
            network: IPv4Address("10.3.0.0")!, prefixLength: 24, rangeStart: IPv4Address("10.3.0.100")!, gateway: nil)
        ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        let commands: [AdministrationCommand] = [
            .addNode(name: "node1", address: IPv4Address("10.3.0.1")!),
            .addUser(tenant: TenantID(1), login: "alice", passwordHash: "$hash"),
            .addOSF(
                tenant: TenantID(1), name: "desk", memory: Mebibytes(256), userDiskSize: Mebibytes(0),
                keepsOverlay: false),
            .addVM(name: "desk", user: UserID(1), osf: OSFID(1), tag: "head", address: nil),
        ]
        for command in commands {
            _ = try! ledger.apply(command, by: "test", at: WallTime(seconds: 1)).get()
        }
        try! ledger.reportState(of: NodeID(1), .running, at: WallTime(seconds: 1))
        for index in routers.indices { routers[index].hasEndedEarlier = true }
        guard isRunning else { return }
        try! ledger.requestStart(Self.vm, on: NodeID(1), by: "test")
        nodeActs()
    }

    // MARK: Clients

    /// A client comes to a router, logs in and is admitted. Nothing of that touches what clients compete for, so it is
    /// one step; every order of its failures is searched in RoutingConnectMachineTests.
    mutating func connect(_ client: Int, at router: Int) {
        routers[router].lastSession += 1
        let token = SessionToken(router: routers[router].incarnation, number: routers[router].lastSession)
        let machine = ConnectMachine(request: .success(Self.request), limits: Self.limits)
        clients[client] = Connect(router: router, token: token, machine: machine)
        tell(client, .begin)
        let grant = Grant(token: "token", name: LoginName("alice")!)
        tell(client, .authenticated(grant))
        tell(client, .nodeRead(isBlocked: false))
        tell(client, .desktopRead(facts))
    }

    var facts: DesktopFacts? { (try! ledger.desktop(Self.vm)).map { DesktopFacts($0.vm) } }

    /// Tells the machine; keeps what it asks for next, or concludes when that was its end.
    mutating func tell(_ client: Int, _ event: ConnectMachine.Event) {
        guard var connect = clients[client], !connect.isBroken, connect.machine.ending == nil else { return }
        let actions = connect.machine.receive(event, at: now)
        let next = actions.last { if case .progress = $0 { false } else { true } }
        if next != nil || connect.machine.ending != nil { connect.call = next }
        connect.hasNews = false
        if connect.machine.ending != nil {
            connect.end = connect.machine.mayHoldClaim ? .asked : .ended
            if guest == .connected(connect.token) { guest = .suspended }
        }
        clients[client] = connect
    }

    /// As an event from outside, which cancels what the client's procedure is doing: that has not happened, or happens
    /// later.
    mutating func interrupt(_ client: Int, _ event: ConnectMachine.Event, callComesLate: Bool) {
        if callComesLate { putOff(client) }
        tell(client, event)
    }

    func canComeLate(_ client: Int) -> Bool {
        switch clients[client]?.call {
        case .claim, .takeOver, .markConnected, .requestStart, .startSession: true
        default: false
        }
    }

    /// The client's call becomes one that nobody awaits.
    mutating func putOff(_ client: Int) {
        guard let connect = clients[client], let call = connect.call, canComeLate(client) else { return }
        late.append(.call(call, client: client, session(of: connect)))
    }

    func session(of connect: Connect) -> Session {
        Session(
            vm: Self.vm, token: connect.token, place: routers[connect.router].place, state: .connecting,
            peer: "client", since: WallTime(seconds: 1))
    }

    // MARK: The node

    /// The node does what is wanted of the VM. Its own rules are explored elsewhere.
    mutating func nodeActs() {
        guard let intent = ledger.vm(Self.vm)?.intent, let node = intent.node else { return }
        do {
            if intent.wanted == .run {
                let epoch =
                    intent.hasBegun
                    ? intent.epoch
                    : try ledger.begin(Self.vm, by: node, epoch: intent.epoch, secret: AgentSecret("s"))
                try ledger.report(Observation(state: .running), of: Self.vm, by: node, epoch: epoch)
                guest = .suspended
            } else {
                try ledger.release(
                    Self.vm, by: node, epoch: intent.epoch, request: intent.request, error: nil,
                    at: WallTime(seconds: 0))
                guest = .off
            }
        } catch {
            return breaks("the node cannot do what is wanted: \(error)")
        }
        announce()
    }

    var nodeHasWork: Bool {
        guard let vm = ledger.vm(Self.vm), vm.intent.node != nil else { return false }
        return (vm.intent.wanted == .run) != (vm.observation.state == .running)
    }

    /// Whoever waits for the store may look again.
    mutating func announce() {
        for client in clients.indices { clients[client]?.hasNews = true }
    }
}

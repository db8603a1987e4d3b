import FarmControl
import FarmModel
import XCTest

private typealias Action = ConnectMachine.Action
private typealias Event = ConnectMachine.Event

final class RoutingConnectMachineTests: XCTestCase {
    private let grant = Grant(token: "token", name: LoginName("alice")!)
    private var now = Instant.start

    private func request() throws -> ConnectRequest {
        try ConnectRequest(upgrade: "QVD/1.0", connection: "Upgrade", query: [("id", "7")])
    }

    private func makeMachine() throws -> ConnectMachine { ConnectMachine(request: .success(try request())) }

    private func desktop(
        _ state: VMState, wanted: Intent.Wanted, node: NodeID? = nil, blocked: Bool = false, error: String? = nil
    ) -> DesktopFacts {
        var vm = VirtualMachine(
            id: VMID(7), name: "v", user: UserID(1), osf: OSFID(1), tag: "default", address: IPv4Address(bits: 1))
        vm.isBlocked = blocked
        vm.intent.wanted = wanted
        vm.intent.node = node
        vm.observation.state = state
        vm.observation.lastError = error
        return DesktopFacts(vm)
    }

    private var running: Event { .desktopRead(desktop(.running, wanted: .run, node: NodeID(1))) }

    /// Feeds the events; returns the effects without progress.
    private func drive(_ machine: inout ConnectMachine, _ events: [Event]) -> [Action] {
        var effects: [Action] = []
        for event in events {
            for action in machine.receive(event, at: now) {
                if case .progress = action { continue }
                effects.append(action)
            }
        }
        return effects
    }

    func testTheStraightWayToARunningDesktop() throws {
        var machine = try makeMachine()
        let effects = drive(
            &machine,
            [
                .begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running,
                .sessionStarted, .guestState(.listening), .marked, .connectionOpened,
            ])
        XCTAssertEqual(
            effects,
            [
                .authenticate, .readNode, .readDesktop, .claim, .readDesktop, .startSession, .readGuestState,
                .markConnected, .openConnection, .relay,
            ])
        XCTAssertEqual(machine.phase, .streaming)
        XCTAssertNil(machine.deadline)
        XCTAssertEqual(drive(&machine, [.relayEnded(.clientVanished)]), [])
        XCTAssertEqual(machine.ending?.cause, .clientVanished)
        XCTAssertNil(machine.ending?.answer, "a session that streamed is owed no answer")
    }

    func testAStoppedDesktopIsPlacedAndStarted() throws {
        var machine = try makeMachine()
        let stopped = Event.desktopRead(desktop(.stopped, wanted: .stop))
        _ = drive(
            &machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), stopped, .claimed])
        XCTAssertEqual(drive(&machine, [stopped]), [.requestStart])
        XCTAssertEqual(drive(&machine, [.startRequested]), [.readDesktop])
        let starting = Event.desktopRead(desktop(.starting, wanted: .run, node: NodeID(1)))
        let wait = Action.wait(until: now.advanced(by: .milliseconds(500)), forStore: true)
        XCTAssertEqual(drive(&machine, [starting, .waited]), [wait, .readDesktop])
        let failed = Event.desktopRead(desktop(.stopped, wanted: .stop, error: "the image is missing"))
        XCTAssertEqual(drive(&machine, [failed]), [])
        XCTAssertEqual(
            machine.ending?.answer,
            RouterAnswer(
                503, "The requested virtual machine is not available: the image is missing, retry later."))
        XCTAssert(machine.mayHoldClaim)
    }

    func testADesktopBeingStoppedIsWantedAgainWhereItIs() throws {
        var machine = try makeMachine()
        let stopping = Event.desktopRead(desktop(.stopping, wanted: .stop, node: NodeID(4)))
        _ = drive(
            &machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed])
        XCTAssertEqual(drive(&machine, [stopping]), [.requestStart])
    }

    func testADesktopThatIsBlockedMeanwhileTakesNoConnect() throws {
        var machine = try makeMachine()
        _ = drive(&machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed])
        let blocked = desktop(.running, wanted: .run, node: NodeID(1), blocked: true)
        XCTAssertEqual(drive(&machine, [.desktopRead(blocked)]), [])
        XCTAssertEqual(machine.ending?.cause, .failed)
        XCTAssertEqual(machine.ending?.answer, .notAvailable("it is offline for maintenance"))
    }

    func testWhoeverAskedAGuestForASessionKnowsIt() throws {
        var machine = try makeMachine()
        _ = drive(&machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed])
        XCTAssertFalse(machine.mayHaveGuestSession)
        XCTAssertEqual(drive(&machine, [running, .clientLeft]), [.startSession])
        XCTAssertTrue(machine.mayHaveGuestSession, "it must be suspended, though its client left before it answered")
    }

    func testWhileBytesFlowTheCarriageTellsOfTheEnd() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [
                .begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running,
                .sessionStarted, .guestState(.listening), .marked, .connectionOpened,
            ])
        XCTAssertEqual(drive(&machine, [.clientLeft]), [])
        XCTAssertNil(machine.ending, "who ended it is not known yet")
        _ = drive(&machine, [.relayEnded(.guestClosed)])
        XCTAssertEqual(machine.ending?.cause, .guestClosed)
    }

    func testAZombieIsWaitedForUntilTheLimit() throws {
        var machine = try makeMachine()
        let zombie = Event.desktopRead(desktop(.zombie, wanted: .stop, node: NodeID(4)))
        _ = drive(
            &machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed])
        var turns = Turns()
        while machine.ending == nil, turns.go() {
            guard case .wait(let until, _)? = drive(&machine, [zombie]).last else {
                return XCTFail("no wait")
            }
            now = until
            _ = drive(&machine, [.waited])
        }
        XCTAssertEqual(now, Instant.start.advanced(by: .seconds(270)))
        XCTAssert(machine.ending?.text.contains("cannot confirm") ?? false)
    }

    func testNothingIsToldToThoseWhoMayNotLogIn() throws {
        var machine = ConnectMachine(request: .failure(.upgradeRequired))
        _ = drive(&machine, [.begin, .loginRefused(.loginRefused)])
        XCTAssertEqual(machine.ending?.answer, .loginRefused)
        var next = ConnectMachine(request: .failure(.upgradeRequired))
        _ = drive(&next, [.begin, .authenticated(grant), .nodeRead(isBlocked: false)])
        XCTAssertEqual(next.ending?.answer, .upgradeRequired)
        var blocked = try makeMachine()
        _ = drive(&blocked, [.begin, .authenticated(grant), .nodeRead(isBlocked: true)])
        XCTAssertEqual(blocked.ending?.answer, .nodeBlocked)
    }

    func testADesktopOfAnotherUserIsAsGoodAsNone() throws {
        var machine = try makeMachine()
        _ = drive(&machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), .desktopRead(nil)])
        XCTAssertEqual(machine.ending?.answer, .noSuchVM)
        XCTAssertFalse(machine.mayHoldClaim)
    }

    private let other = SessionToken(router: "elsewhere", number: 1)
    private var held: Event { .held(by: "10.0.0.9", token: other) }

    /// Answers every claim with `held` until the machine asks for something else, and tells after how many claims.
    private func wait(_ machine: inout ConnectMachine, _ held: Event) throws -> (claims: Int, action: Action?) {
        var claims = 0
        var turns = Turns()
        while turns.go() {
            guard case .wait(let until, forStore: true)? = drive(&machine, [held]).last else { break }
            now = until
            claims += 1
            let action = drive(&machine, [.waited]).last
            if action != .claim { return (claims, action) }
        }
        return (claims, nil)
    }

    func testAHeldSessionIsClaimedAgainAndTakenAtTheLimit() throws {
        var machine = try makeMachine()
        _ = drive(&machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running])
        let (claims, action) = try wait(&machine, held)
        XCTAssertEqual(now, Instant.start.advanced(by: .seconds(30)))
        XCTAssertEqual(claims, 60)
        XCTAssertEqual(action, .takeOver(other))
        // A store that does not answer is asked again for the same, but not for ever.
        let failure = Event.failed(.init("later", isTransient: true))
        _ = drive(&machine, [failure])
        XCTAssertEqual(drive(&machine, [.waited]), [.takeOver(other)])
        var copy = machine
        XCTAssertEqual(drive(&machine, [.claimed]), [.readDesktop])
        now = now.advanced(by: .seconds(10))
        _ = drive(&copy, [.deadlinePassed])
        XCTAssertEqual(copy.ending?.answer?.status, 503)
        XCTAssert(copy.mayHoldClaim)
    }

    func testEachNewHolderHasItsTimeAndThereIsAnEndOfThem() throws {
        var machine = try makeMachine()
        _ = drive(&machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running])
        for number in 1...4 {
            let token = SessionToken(router: "elsewhere", number: Int64(number))
            let (_, action) = try wait(&machine, .held(by: "10.0.0.9", token: token))
            XCTAssertEqual(now, Instant.start.advanced(by: .seconds(30 * number)))
            XCTAssertEqual(action, .takeOver(token))
        }
        _ = drive(&machine, [held])
        XCTAssert(machine.ending?.text.contains("close other clients") ?? false)
    }

    func testASessionIsTriedTwentyOneTimes() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine, [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed])
        XCTAssertEqual(drive(&machine, [running]), [.startSession])
        var tries = 1
        let failure = Event.failed(.init("retry later", isTransient: true))
        var turns = Turns()
        while machine.ending == nil, turns.go() {
            guard case .wait(let until, forStore: false)? = drive(&machine, [failure]).last else { break }
            XCTAssertEqual(now.duration(to: until), .seconds(1))
            now = until
            XCTAssertEqual(drive(&machine, [.waited, running]), [.readDesktop, .startSession])
            tries += 1
        }
        XCTAssertEqual(tries, 21)
        XCTAssertEqual(machine.ending?.cause, .failed)
    }

    func testTheStoreMayBeAwayWhileTheSessionStarts() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running])
        let away = Event.failed(.init("no database", isTransient: true))
        _ = drive(&machine, [away])
        XCTAssertEqual(drive(&machine, [.waited, away]), [.readDesktop, .startSession])
    }

    func testADesktopThatDiesMeanwhileIsNotAskedForEver() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [.begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running])
        let dead = Event.desktopRead(desktop(.stopped, wanted: .stop, error: "the guest ended"))
        _ = drive(&machine, [.failed(.init("no answer", isTransient: true)), .waited, dead])
        XCTAssert(machine.ending?.text.contains("the guest ended") ?? false)
    }

    func testAnXSessionThatDoesNotListenIsGivenUp() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [
                .begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running,
                .sessionStarted,
            ])
        var turns = Turns()
        while machine.ending == nil, turns.go() {
            guard case .wait(let until, _)? = drive(&machine, [.guestState(.starting)]).last else {
                return XCTFail("no wait")
            }
            now = until
            _ = drive(&machine, [.waited])
        }
        XCTAssertEqual(now, Instant.start.advanced(by: .seconds(10)))
    }

    func testProvisioningMayTakeLonger() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [
                .begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running,
                .sessionStarted, .guestState(.provisioning),
            ])
        XCTAssertEqual(machine.deadline, Instant.start.advanced(by: .seconds(300)))
    }

    func testATakeOverSeenByTheStoreMakesTheOlderOneGiveWay() throws {
        var machine = try makeMachine()
        _ = drive(
            &machine,
            [
                .begin, .authenticated(grant), .nodeRead(isBlocked: false), running, .claimed, running,
                .sessionStarted, .guestState(.listening), .markedStale,
            ])
        XCTAssertEqual(machine.ending?.cause, .takenOver)
        XCTAssertEqual(machine.ending?.answer?.status, 503)
    }

    // MARK: Every order of events

    /// What may come of each effect.
    private func outcomes(_ action: Action) -> [Event] {
        let failures: [Event] = [
            .failed(.init("later", isTransient: true)), .failed(.init("never", isTransient: false)),
        ]
        switch action {
        case .progress: return []
        case .authenticate: return [.authenticated(grant), .loginRefused(.loginRefused), failures[1]]
        case .readNode: return [.nodeRead(isBlocked: false), .nodeRead(isBlocked: true)] + failures
        case .readDesktop:
            return failures + [
                .desktopRead(nil), running, .desktopRead(desktop(.stopped, wanted: .stop)),
                .desktopRead(desktop(.starting, wanted: .run)), .desktopRead(desktop(.zombie, wanted: .stop)),
                .desktopRead(desktop(.debugging, wanted: .run)),
                .desktopRead(desktop(.running, wanted: .run, blocked: true)),
            ]
        case .claim, .takeOver: return [.claimed, .held(by: "x", token: other)] + failures
        case .requestStart: return [.startRequested] + failures
        case .startSession: return [.sessionStarted] + failures
        case .readGuestState: return GuestSessionState.allCases.map { .guestState($0) } + failures
        case .openConnection: return [.connectionOpened] + failures
        case .markConnected: return [.marked, .markedStale] + failures
        case .relay: return [.relayEnded(.clientClosed), .relayEnded(.guestClosed), failures[1]]
        case .wait: return [.waited]
        }
    }

    /// What distinguishes two points of the way; time is not part of it, as waits are bounded by the
    /// deadline.
    private struct Point: Hashable {
        var phase: ConnectMachine.Phase
        var effect: Action
        var claim: Bool
        var session: Bool
    }

    func testEveryOrderOfEventsAsksForOneEffectOrEnds() throws {
        var seen: Set<Point> = []
        var open: [(machine: ConnectMachine, effect: Action, depth: Int)] = []
        var first = try makeMachine()
        open.append((first, try XCTUnwrap(first.receive(.begin, at: now).last), 0))
        open[0].machine = first
        var steps = 0
        var phases: Set<ConnectMachine.Phase> = []
        while let (machine, effect, depth) = open.popLast() {
            let interruptions: [Event] = [.clientLeft, .takenOver, .routerStops]
            for event in outcomes(effect) + interruptions {
                var next = machine
                var at = now
                if case .wait(let until, _) = effect { at = until }
                let actions = next.receive(event, at: at)
                steps += 1
                let effects = actions.filter { if case .progress = $0 { false } else { true } }
                phases.insert(next.phase)
                if let ending = next.ending {
                    XCTAssertEqual(next.phase, .ended)
                    XCTAssert(effects.isEmpty, "\(event) after \(effect)")
                    XCTAssertNil(next.deadline)
                    XCTAssertFalse(
                        ending.text.contains("made a mistake"), "\(event) after \(effect) is legal")
                    XCTAssertEqual(
                        ending.answer == nil, next.hasStreamed || ending.cause == .clientLeft,
                        "\(event): everybody still there is answered")
                    continue
                }
                if machine.hasStreamed, event == .clientLeft { continue }
                XCTAssertEqual(effects.count, 1, "\(event) after \(effect) in \(machine.phase)")
                XCTAssertEqual(next.deadline == nil, next.phase == .streaming, "\(next.phase) has a deadline")
                guard let effect = effects.last, depth < 40 else { continue }
                var normal = effect
                if case .wait(_, let forStore) = effect { normal = .wait(until: .start, forStore: forStore) }
                let point = Point(
                    phase: next.phase, effect: normal, claim: next.mayHoldClaim,
                    session: next.mayHaveGuestSession)
                if seen.insert(point).inserted { open.append((next, effect, depth + 1)) }
            }
        }
        XCTAssertGreaterThan(steps, 100)
        XCTAssertEqual(
            phases.count, ConnectMachine.Phase.allCases.count - 2, "all but idle and authenticating")
    }
}

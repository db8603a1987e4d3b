import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import SimulatedPorts
import Simulator
import XCTest

/// Who is let in, and what a grant allows.
final class LoginTests: XCTestCase {
    private let vm = VMID(1)
    /// Of bob.
    private let foreign = VMID(3)
    private var bench: FarmBench!
    private var ports: PortSet!

    override func setUpWithError() throws {
        bench = try FarmBench(vms: 3)
        bench.startKeeper()
        XCTAssert(bench.pass(upTo: .seconds(30)) { bench.nodeState == .running })
        ports = PortSet(host: bench.host, incarnation: bench.simulation.begin(.router, on: FarmBench.node))
    }

    override func tearDown() {
        // Nil when the set-up failed.
        bench?.end()
        bench = nil
    }

    private func makeLogin(_ change: (inout LoginConfiguration) -> Void = { _ in }) -> Login {
        var configuration = LoginConfiguration()
        change(&configuration)
        return Login(
            configuration: configuration,
            ports: LoginPorts(
                store: StoreConnection(store: bench.store, gate: ports.gate), passwords: ports.hasher,
                clock: ports.clock, random: ports.random, log: bench.journal.logger))
    }

    private func wait<Value: Sendable>(
        _ body: @escaping @Sendable () async throws(PortError) -> Value
    ) throws -> Value {
        let result = Confined<Result<Value, PortError>?>(nil)
        bench.simulation.executor.spawn {
            do throws(PortError) {
                result.value = .success(try await body())
            } catch {
                result.value = .failure(error)
            }
        }
        XCTAssert(bench.pass(upTo: .seconds(60)) { result.value != nil })
        return try XCTUnwrap(result.value).get()
    }

    /// - Parameter text: `login:password`.
    private func answer(_ login: Login, _ text: String) throws -> LoginAnswer {
        let parts = text.split(separator: ":").map(String.init)
        let attempt = LoginAttempt(name: try XCTUnwrap(LoginName(parts[0])), password: parts[1], peer: "192.0.2.7")
        return try wait { () throws(PortError) in try await login.logIn(attempt) }
    }

    private func grant(_ login: Login, _ text: String = "alice:secret") throws -> Grant {
        guard case .granted(let grant) = try answer(login, text) else {
            throw PortError(.rejected, .denied, attempt: "logging in", detail: text)
        }
        return grant
    }

    /// What a router asks for its user.
    private enum Order: CaseIterable {
        case list, look, start, claim, takeOver, stop

        /// Those about one VM that change something.
        static let changes: [Order] = [.start, .claim, .takeOver, .stop]
    }

    /// Why it failed; nil when it did not.
    private func refusal(
        of order: Order, _ vm: VMID, _ login: Login, _ grant: Grant
    ) throws -> PortError.Reason? {
        let session = Session(
            vm: vm, token: SessionToken(router: "r", number: 1), state: .connecting, peer: "192.0.2.7",
            since: WallTime(seconds: 1))
        do {
            switch order {
            case .list: _ = try wait { () throws(PortError) in try await login.desktops(grant) }
            case .look: _ = try wait { () throws(PortError) in try await login.desktop(vm, grant) }
            case .start: _ = try wait { () throws(PortError) in try await login.requestStart(vm, grant) }
            case .claim: _ = try wait { () throws(PortError) in try await login.claim(session, grant) }
            case .takeOver:
                _ = try wait { () throws(PortError) in
                    try await login.takeOver(session, from: session.token, grant)
                }
            case .stop: try wait { () throws(PortError) in try await login.requestStop(vm, grant) }
            }
            return nil
        } catch let error as PortError {
            return error.reason
        }
    }

    func testAGrantReachesTheUsersOwnVMsAndNoOthers() throws {
        let login = makeLogin()
        let (vm, foreign) = (vm, foreign)
        let alice = try grant(login)
        XCTAssertEqual(try wait { () throws(PortError) in try await login.desktops(alice) }.map(\.id), [vm, VMID(2)])
        XCTAssertEqual(try wait { () throws(PortError) in try await login.desktop(vm, alice) }?.vm.id, vm)
        XCTAssertNil(try wait { () throws(PortError) in try await login.desktop(foreign, alice) })
        let before = try bench.row(foreign)
        for order in Order.changes { XCTAssertEqual(try refusal(of: order, foreign, login, alice), .notFound) }
        XCTAssertEqual(try bench.row(foreign), before)
        XCTAssertEqual(bench.sessions, [])
        for order in Order.changes { XCTAssertNil(try refusal(of: order, vm, login, alice)) }
        XCTAssertEqual(try bench.row(vm).intent.requestedBy, "user alice@default")
        // The other one is bob's, and nobody has looked at it for him yet.
        let bob = try grant(login, "bob:hunter2")
        for order in Order.changes { XCTAssertNil(try refusal(of: order, foreign, login, bob)) }
        XCTAssertNotEqual(alice.token, bob.token)
    }

    func testAGrantThatWasGivenBackOrMadeUpIsGoodForNothing() throws {
        let login = makeLogin()
        let vm = vm
        let alice = try grant(login)
        _ = try wait { () throws(PortError) in try await login.desktop(vm, alice) }
        try wait { () throws(PortError) in await login.giveBack(alice) }
        let forged = Grant(token: String(repeating: "0", count: 32), name: try XCTUnwrap(LoginName("alice")))
        // Of another login service: a router that was started again has none of its predecessor's.
        let earlier = try grant(makeLogin())
        for grant in [alice, forged, earlier] {
            for order in Order.allCases { XCTAssertEqual(try refusal(of: order, vm, login, grant), .denied) }
        }
        XCTAssertEqual(try bench.row(vm).intent.request, 0)
    }

    func testTheBlockedTheUnknownAndTheWrongAreRefusedAlike() throws {
        let login = makeLogin()
        XCTAssertEqual(try answer(login, "alice:wrong"), .refused)
        XCTAssertEqual(try answer(login, "nobody:secret"), .refused)
        XCTAssertEqual(try answer(login, "alice@nowhere:secret"), .refused)
        try bench.apply(.setUser(UserID(1), passwordHash: nil, isBlocked: true))
        XCTAssertEqual(try answer(login, "alice:secret"), .refused)
        try bench.apply(.setTenant(TenantID(1), isBlocked: true))
        XCTAssertEqual(try answer(login, "bob:hunter2"), .refused)
    }

    func testOnlySoManyAreLoggedInAtOnce() throws {
        let login = makeLogin { $0.grantsMax = 2 }
        let first = try grant(login)
        _ = try grant(login)
        XCTAssertThrowsError(try answer(login, "alice:secret")) { XCTAssertEqual(($0 as? PortError)?.reason, .limit) }
        try wait { () throws(PortError) in await login.giveBack(first) }
        _ = try grant(login)
    }

    func testGuessesAreLimitedAndARightPasswordClearsThem() throws {
        let login = makeLogin { $0.limiter = LoginLimiter(perUser: .init(burst: 2, interval: .seconds(60))) }
        XCTAssertEqual(try answer(login, "alice:wrong"), .refused)
        _ = try grant(login)
        XCTAssertEqual(try answer(login, "alice:wrong"), .refused)
        XCTAssertEqual(try answer(login, "alice:wrong"), .refused)
        guard case .tooMany(let wait) = try answer(login, "alice:secret") else {
            return XCTFail("a third guess was checked")
        }
        XCTAssertGreaterThan(wait, .seconds(1))
    }

    func testNeitherPasswordsNorGrantsAreInTheLog() throws {
        let login = makeLogin()
        let alice = try grant(login)
        _ = try answer(login, "bob:wrong-password")
        XCTAssertEqual(bench.journal.lines(with: "login refused").count, 1)
        for secret in ["secret", "wrong-password", alice.token] {
            XCTAssertEqual(bench.journal.lines(with: secret), [], "a secret is in the log")
        }
        XCTAssertFalse("\(alice)".contains(alice.token))
        XCTAssertFalse(String(reflecting: alice).contains(alice.token))
        XCTAssertFalse("\(LoginAttempt(name: alice.name, password: "hush", peer: "p"))".contains("hush"))
    }
}

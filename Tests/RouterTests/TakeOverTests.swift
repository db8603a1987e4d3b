import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import Foundation
import SimulatedPorts
import XCTest

/// One client per desktop, the newest.
final class TakeOverTests: XCTestCase {
    private var fixture: RouterFixture!

    override func setUpWithError() throws { fixture = try RouterFixture() }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
    }

    func testASecondConnectionTakesTheSessionOver() throws {
        let (first, firstGuest) = try fixture.session()
        let second = try fixture.connect()
        try second.requestSession("")
        XCTAssertEqual(try first.receiveAll(), [], "the old client is cut")
        XCTAssertEqual(try firstGuest.receiveAll(), [])
        let heads = try second.receiveHeads()
        XCTAssert(
            heads.contains {
                $0.contains("X-QVD-VM-Info: Taking the session over from the client at 127.0.0.1")
            })
        XCTAssert(try XCTUnwrap(heads.last).hasPrefix("HTTP/1.1 101 "))
        let guest = try fixture.guest.accept()
        try second.send("now me")
        XCTAssertEqual(try guest.receive(exactly: 6), Array("now me".utf8))
        XCTAssertEqual(try fixture.snapshot().sessions.map(\.token.number), [2])
    }

    func testTheClientThatWasCutCanAskWhy() throws {
        let first = try fixture.connect()
        try first.requestSession("")
        let head = try XCTUnwrap(try first.receiveHeads().last)
        let token = try XCTUnwrap(
            head.split(separator: "\r\n").first { $0.hasPrefix("X-QVD-Session: ") }?.dropFirst(15))
        _ = try fixture.guest.accept()
        XCTAssert(try reason(token, RouterFixture.alice).hasPrefix("HTTP/1.1 409 "))
        _ = try fixture.session()
        let answer = try reason(token, RouterFixture.alice)
        XCTAssert(answer.hasPrefix("HTTP/1.1 200 "), answer)
        XCTAssert(
            answer.hasSuffix(
                #"{"cause":"takenOver","text":"Another client of the same user took the session over."}"#),
            answer)
        XCTAssert(try reason(token, RouterFixture.bob).hasPrefix("HTTP/1.1 404 "), "others learn nothing")
        XCTAssert(try reason("x/9", RouterFixture.alice).hasPrefix("HTTP/1.1 404 "))
        XCTAssert(try reason("rubbish", RouterFixture.alice).hasPrefix("HTTP/1.1 422 "))
    }

    private func reason(_ token: some StringProtocol, _ login: String) throws -> String {
        let client = try fixture.connect()
        try client.send(
            "GET /qvd/session_end?session=\(token) HTTP/1.1\r\n\(login)\r\nConnection: close\r\n\r\n")
        return String(decoding: try client.receiveAll(), as: UTF8.self)
    }

    /// Takes every line and closes it when its other end does, as the X agent.
    private func serveLines() {
        let guest = fixture.guest
        Thread {
            while let line = try? guest.accept() {
                Thread {
                    _ = try? line.receiveAll()
                    line.close()
                }.start()
            }
        }.start()
    }

    func testTwoSimultaneousConnectsEndInOneSession() throws {
        serveLines()
        for _ in 0..<5 {
            let clients = [try fixture.connect(), try fixture.connect()]
            for client in clients { try client.requestSession("") }
            var connected = 0
            for client in clients {
                let last = try XCTUnwrap(try client.receiveHeads().last)
                // One that won first and was taken over also saw a 101; then its line is cut.
                if last.hasPrefix("HTTP/1.1 101 ") {
                    connected += 1
                } else {
                    XCTAssert(last.hasPrefix("HTTP/1.1 503 "), last)
                    XCTAssert(
                        String(decoding: try client.receiveAll(), as: UTF8.self).contains("another client"))
                }
            }
            XCTAssertGreaterThanOrEqual(connected, 1)
            let router = fixture.router
            try eventually("one session is left") { try blocking { await router.machines.count == 1 } }
            XCTAssertEqual(try fixture.snapshot().sessions.count, 1)
            for client in clients { client.close() }
            try eventually("all ended") { try fixture.snapshot().sessions.isEmpty }
        }
    }

    /// The other router is dead or cut off for ever: it blocks nobody, and is stale should it come back.
    func testAHolderThatDoesNotAnswerIsAskedAndThenReplaced() throws {
        try fixture.stop()
        fixture = try RouterFixture { _ in
        } router: {
            $0.limits.takeOver = .seconds(1)
        }
        let store = fixture.store
        let elsewhere = session("elsewhere", at: .standAlone("far"))
        XCTAssertEqual(try blocking { try await store.claim(elsewhere) }, .claimed)
        let began = ContinuousClock.now
        let client = try fixture.connect()
        try client.requestSession("")
        try eventually("it is asked") {
            try blocking { try await store.wantedOrConnecting(router: "elsewhere") }.map(\.token) == [elsewhere.token]
        }
        let heads = try client.receiveHeads()
        XCTAssert(try XCTUnwrap(heads.last).hasPrefix("HTTP/1.1 101 "), heads.last ?? "")
        XCTAssertGreaterThanOrEqual(ContinuousClock.now - began, .seconds(1), "it had its time")
        _ = try fixture.guest.accept()
        let kept = try fixture.snapshot().sessions
        XCTAssertEqual(kept.map(\.token.router), [fixture.router.incarnation])
        XCTAssertThrowsError(
            try blocking {
                try await store.markConnected(elsewhere.token, vm: RouterFixture.vm, at: WallTime(seconds: 9))
            }
        ) { XCTAssertEqual(($0 as? PortError)?.reason, .stale) }
        try blocking { try await store.end(elsewhere.token, vm: RouterFixture.vm) }
        XCTAssertEqual(try fixture.snapshot().sessions, kept, "a late end changes nothing")
    }

    private func session(_ router: String, at place: RouterPlace?, vm: VMID = RouterFixture.vm) -> Session {
        Session(
            vm: vm, token: SessionToken(router: router, number: 1), place: place, state: .connected, peer: "10.9.9.9",
            since: WallTime(seconds: 1))
    }

    func testASessionWantedThroughAnotherRouterIsCut() throws {
        let (client, _) = try fixture.session()
        let store = fixture.store
        let elsewhere = Session(
            vm: RouterFixture.vm, token: SessionToken(router: "elsewhere", number: 1), state: .connecting,
            peer: "10.9.9.9", since: WallTime(seconds: 1))
        guard case .held = try blocking({ try await store.claim(elsewhere) }) else {
            return XCTFail("not held")
        }
        XCTAssertEqual(try client.receiveAll(), [])
        try eventually("freed") { try blocking { try await store.claim(elsewhere) } == .claimed }
    }

    func testSessionsOfARouterThatDiedAreEnded() throws {
        let store = fixture.store
        let old = session("before", at: .node(NodeID(1)), vm: RouterFixture.othersVM)
        XCTAssertEqual(try blocking { try await store.claim(old) }, .claimed)
        let next = Router.next(of: fixture)
        let running = Task { await next.run() }
        defer { running.cancel() }
        try eventually("ended") { try fixture.snapshot().sessions.isEmpty }
    }

    func testARouterThatStartsLeavesTheSessionsOfOtherPlacesAlone() throws {
        let store = fixture.store
        let other = session("other", at: .node(NodeID(2)))
        let old = session("before", at: nil, vm: RouterFixture.othersVM)
        for session in [other, old] {
            XCTAssertEqual(try blocking { try await store.claim(session) }, .claimed)
        }
        let next = Router.next(of: fixture)
        let running = Task { await next.run() }
        defer { running.cancel() }
        try eventually("that of unknown place is ended") { try fixture.snapshot().sessions == [other] }
    }
}

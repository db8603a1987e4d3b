import FarmModel
import Foundation
import GuestControl
import GuestProtocol
import NodeRig
import XCTest

/// The X session of a guest with real nxagent, nxproxy and displays.
final class VMASessionTests: XCTestCase {
    /// A property's value with all that means something to URLs, XML, options and shells.
    private static let difficultText = "<n0nce> & \"more\", it's Büro 漢字 100% a+b;$(reboot)`x`\\ #?="

    private func withGuest(
        _ arguments: [String] = [], _ body: (GuestRig) async throws -> Void
    ) async throws {
        let rig = try await GuestRig.make()
        do {
            try await rig.startAgent(arguments)
            try await rig.startDisplay()
            try await body(rig)
        } catch {
            try await rig.remove()
            throw error
        }
        try await rig.remove()
    }

    func testAClientWithTheCookieSeesWhatTheSessionDraws() async throws {
        try await withGuest { rig in
            try await rig.startWindowManager()
            try await rig.connect([
                "custom.demo.nonce": Self.difficultText, "custom.bad": "a\nb", "qvd.client.geometry": "640x480",
            ])
            try await rig.waitUntilDrawn()
            let variables = try XCTUnwrap(rig.text("/home/anna/environment")).split(separator: "\n").map(String.init)
            for expected in [
                "DISPLAY=:100", "HOME=/home/anna", "USER=anna", "LOGNAME=anna", "SHELL=/bin/bash", "LANG=C.UTF-8",
                "XAUTHORITY=/run/qvd/session.authority", "QVD_CUSTOM_DEMO_NONCE=\(Self.difficultText)",
                "XDG_RUNTIME_DIR=/run/qvd/runtime",
            ] { XCTAssert(variables.contains(expected), "\(expected) is not in \(variables)") }
            XCTAssertFalse(variables.contains { $0.hasPrefix("QVD_CUSTOM_BAD") })
            let identity = try XCTUnwrap(rig.text("/home/anna/id"))
            XCTAssert(identity.hasPrefix("uid=1000") && !identity.contains("(root)"), "never as root: \(identity)")
            for process in ["nxagent", "session"] {
                let status = try XCTUnwrap(rig.text("/proc/\(rig.agentsProcess(process))/status"))
                XCTAssert(status.contains("Uid:\t1000\t1000\t1000\t1000"), "\(process): \(status)")
                XCTAssert(status.contains("CapEff:\t0000000000000000"), "\(process): \(status)")
                XCTAssert(status.contains("Groups:\t \n") || status.contains("Groups:\t\n"), "\(process): \(status)")
            }
            XCTAssertEqual(rig.text("/home/anna/hostname"), "desktop\n", "the guest had no name")
            XCTAssertEqual(rig.text("/home/anna/.profile"), "# from the skeleton\n")
            XCTAssertEqual(try rig.attributes("/home/anna/.profile").owner, 1000)
            XCTAssertEqual(try rig.attributes("/home/anna").mode, 0o700)
            let options = try XCTUnwrap(rig.text("/run/qvd/nxagent.options"))
            XCTAssert(options.contains(",accept=127.0.0.1,") && !options.contains("cleanup"), options)
            let size = try await rig.inside(
                "env", "DISPLAY=:100", "XAUTHORITY=/run/qvd/session.authority", "timeout", "10", "xdpyinfo")
            XCTAssert(size.contains("640x480 pixels"), size)
        }
    }

    func testXClientsNeedTheAuthorityFile() async throws {
        try await withGuest { rig in
            try await rig.connect()
            for authority in ["/dev/null", "\(rig.folder)/display.authority"] {
                do {
                    try await rig.inside("env", "DISPLAY=:100", "XAUTHORITY=\(authority)", "timeout", "10", "xdpyinfo")
                    XCTFail("a client with \(authority) was let in")
                } catch let failure as RigFailure {
                    XCTAssert(failure.description.contains("unable to open display"), failure.description)
                }
            }
            try await rig.inside(
                "env", "DISPLAY=:100", "XAUTHORITY=/run/qvd/session.authority", "timeout", "10", "xdpyinfo")
            let listening = try await rig.inside("cat", "/proc/net/tcp")
            XCTAssertFalse(ListeningPorts.read(listening).contains(6100), "X itself is on the network")
        }
    }

    func testAVanishedClientSuspendsAndAnotherWithAnotherCookieResumes() async throws {
        try await withGuest { rig in
            try await rig.connect()
            try await rig.waitUntilDrawn()
            let nxagent = try rig.agentsProcess("nxagent")
            let program = try rig.agentsProcess("session")
            try await rig.signal("nxproxy", "KILL")
            try await rig.waitUntil(.suspended)
            for cookie in [GuestRig.otherCookie, GuestRig.cookie] {
                try await rig.connect(cookie: cookie)
                try await rig.waitUntilDrawn()
                XCTAssertEqual(try rig.agentsProcess("nxagent"), nxagent)
                XCTAssertEqual(try rig.agentsProcess("session"), program)
                XCTAssertNotNil(rig.text("/proc/\(program)/stat"), "the program ended")
                try await rig.inside(
                    "env", "DISPLAY=:100", "XAUTHORITY=/run/qvd/session.authority", "timeout", "10", "xdpyinfo")
                let answer = try await rig.call(.suspendSession)
                XCTAssertNotNil(answer.sessionState)
                try await rig.waitUntil(.suspended)
            }
            let suspendedAgain = try await rig.call(.suspendSession)
            XCTAssertEqual(suspendedAgain, .state(.suspended), "asked twice")
        }
    }

    func testASecondStartWhileConnectedFreesTheSession() async throws {
        try await withGuest { rig in
            try await rig.connect()
            let answer = try await rig.call(.startSession, GuestRig.parameters(cookie: GuestRig.otherCookie))
            XCTAssert(answer.isBusy, "\(answer)")
            try await rig.connect(cookie: GuestRig.otherCookie)
            try await rig.waitUntilDrawn()
        }
    }

    func testAWrongCookieIsRefused() async throws {
        try await withGuest { rig in
            try await rig.startSession()
            try rig.startClient(cookie: GuestRig.otherCookie)
            try await rig.waitUntil(.stopped)
            XCTAssertNil(rig.text("/home/anna/id"), "the session program was started for a stranger")
            try await rig.connect()
            try await rig.waitUntilDrawn()

            try await rig.signal("nxproxy", "KILL")
            try await rig.waitUntil(.suspended)
            let program = try rig.agentsProcess("session")
            try await rig.startSession()
            try rig.startClient(cookie: GuestRig.otherCookie)
            try await rig.waitUntil(.suspended)
            try await rig.startSession()
            try rig.startClient(cookie: nil)
            try await rig.waitUntil(.suspended)
            try await rig.connect()
            XCTAssertEqual(try rig.agentsProcess("session"), program, "a stranger ended the desktop")
            try await rig.waitUntilDrawn()
        }
    }

    func testOnlyTheRoutersAddressIsAccepted() async throws {
        try await withGuest { rig in
            try await rig.startSession(GuestRig.parameters(["qvd.router.address": "10.99.99.99"]))
            try rig.startClient(cookie: GuestRig.cookie)
            try await waitFor("nxproxy to give up", upTo: .seconds(15)) { try !rig.isRunning("nxproxy") }
            let state = try await rig.state()
            XCTAssertNotEqual(state, .connected)
        }
    }

    func testLooksDoNotDisturbAWaitingSession() async throws {
        try await withGuest { rig in
            try await rig.startSession()
            for _ in 0..<60 {
                let state = try await rig.state()
                XCTAssertEqual(state, .listening)
            }
            let again = try await rig.call(.startSession, GuestRig.parameters())
            XCTAssertEqual(again, .state(.starting), "an answer was lost, the same router asks again")
            try rig.startClient(cookie: GuestRig.cookie)
            try await rig.waitUntil(.connected)
        }
    }

    func testANewClientTakesThePlaceOfOneThatNeverCame() async throws {
        try await withGuest { rig in
            try await rig.startSession()
            try await rig.connect(cookie: GuestRig.otherCookie)
            try await rig.signal("nxproxy", "KILL")
            try await rig.waitUntil(.suspended)
            let program = try rig.agentsProcess("session")
            try await rig.startSession()
            try await rig.connect(cookie: GuestRig.otherCookie)
            XCTAssertEqual(try rig.agentsProcess("session"), program)
        }
    }

    func testAClientThatNeverComesLeavesAFreshSessionStoppedAndAResumedOneSuspended() async throws {
        try await withGuest(["--listening-limit", "2"]) { rig in
            try await rig.startSession()
            try await rig.waitUntil(.stopped)
            try await rig.connect()
            try await rig.signal("nxproxy", "KILL")
            try await rig.waitUntil(.suspended)
            let program = try rig.agentsProcess("session")
            try await rig.startSession()
            try await rig.waitUntil(.suspended)
            try await rig.connect()
            XCTAssertEqual(try rig.agentsProcess("session"), program)
        }
    }

    func testLeftoversOfAnEarlierBootDoNotHinder() async throws {
        try await withGuest { rig in
            try await rig.inside(
                "sh", "-c",
                "printf '         1\\n' >/tmp/.X100-lock; mkdir -p /tmp/.X11-unix /run/qvd/nx/C-100;"
                    + "touch /tmp/.X11-unix/X100; printf RUNNING >/run/qvd/nx/state;"
                    + "printf '1 1 other-boot\\n' >/run/qvd/nxagent.process; chown -R 1000:1000 /run/qvd/nx")
            try await rig.connect()
            try await rig.waitUntilDrawn()
            try await rig.inside("sh", "-c", "kill -9 $(cut -d ' ' -f 1 /run/qvd/nxagent.process)")
            try await rig.waitUntil(.stopped)
            XCTAssertNotNil(rig.text("/tmp/.X100-lock"), "the test is about a lock that stays")
            try await rig.connect()
            try await rig.waitUntilDrawn()
        }
    }

    func testTheEndOfTheSessionProgramIsALogout() async throws {
        try await withGuest { rig in
            try await rig.connect()
            let nxagent = try rig.agentsProcess("nxagent")
            try await rig.inside("kill", try rig.agentsProcess("session"))
            try await rig.waitUntil(.stopped)
            XCTAssertNil(rig.text("/proc/\(nxagent)/stat"))
            try await rig.connect()
            try await rig.waitUntilDrawn()
        }
    }

    func testStopEndsTheSessionAndAFrozenOneIsKilled() async throws {
        try await withGuest(["--stopping-limit", "1"]) { rig in
            try await rig.connect()
            let program = try rig.agentsProcess("session")
            let answer = try await rig.call(.stopSession)
            XCTAssertNotNil(answer.sessionState)
            try await rig.waitUntil(.stopped)
            try await waitFor("the program's end") { rig.text("/proc/\(program)/stat") == nil }
            try await rig.connect()
            let nxagent = try rig.agentsProcess("nxagent")
            try await rig.inside("kill", "-STOP", nxagent)
            _ = try await rig.call(.stopSession)
            try await rig.waitUntil(.stopped)
            XCTAssertNil(rig.text("/proc/\(nxagent)/stat"), "it is still there, or not reaped")
            let again = try await rig.call(.stopSession)
            XCTAssertEqual(again, .state(.stopped))
        }
    }

    func testAnAgentThatWasKilledAdoptsTheSession() async throws {
        try await withGuest { rig in
            try await rig.connect()
            try await rig.waitUntilDrawn()
            let nxagent = try rig.agentsProcess("nxagent")
            try await rig.signal("agent", "KILL")
            try await waitFor("the agent's end") { try !rig.isRunning("agent") }
            try await rig.startAgent()
            let state = try await rig.state()
            XCTAssertEqual(state, .connected)
            XCTAssertEqual(try rig.agentsProcess("nxagent"), nxagent)
            _ = try await rig.call(.suspendSession)
            try await rig.waitUntil(.suspended)
            try await rig.connect(cookie: GuestRig.otherCookie)
            try await rig.waitUntilDrawn()
        }
    }

    func testASessionProgramThatIsMissingIsAClearError() async throws {
        try await withGuest(["--session", "/nowhere/session"]) { rig in
            let answer = try await rig.call(.startSession, GuestRig.parameters())
            guard case .failure(let text) = answer else { return XCTFail("\(answer)") }
            XCTAssert(text.contains("/nowhere/session"), text)
            let state = try await rig.state()
            XCTAssertEqual(state, .stopped)
        }
    }

    func testHostileValuesAreRefused() async throws {
        try await withGuest { rig in
            let hostile = [
                ("qvd.client.keyboard", "pc105/us,accept=0.0.0.0"), ("qvd.client.link", "lan,accept=0.0.0.0"),
                ("qvd.client.geometry", "1x1:7"), ("qvd.client.fullscreen", "1,listen=1"),
                ("qvd.client.nx.cookie", "x,accept=0.0.0.0"), ("qvd.router.address", "127.0.0.1,listen=9"),
                ("qvd.router.address", ""),
            ]
            for (name, value) in hostile {
                let answer = try await rig.call(.startSession, GuestRig.parameters([name: value]))
                guard case .failure(let text) = answer else {
                    XCTFail("\(name)=\(value): \(answer)")
                    continue
                }
                XCTAssert(text.contains(name), text)
            }
            let state = try await rig.state()
            XCTAssertEqual(state, .stopped)
            XCTAssertNil(rig.text("/run/qvd/nxagent.options"), "files were written")

            // What has no meaning here is not used at all.
            try await rig.connect([
                "qvd.client.nxagent.extra_args": "accept=0.0.0.0,cleanup=0", "qvd.client.os": "x,accept=0.0.0.0",
                "qvd.vm.user.name": "root:x:0:0",
            ])
            let options = try XCTUnwrap(rig.text("/run/qvd/nxagent.options"))
            XCTAssertFalse(options.contains("0.0.0.0") || options.contains("cleanup"), options)
            let status = try XCTUnwrap(rig.text("/proc/\(rig.agentsProcess("nxagent"))/status"))
            XCTAssert(status.contains("Uid:\t1000\t"), status)
        }
    }
}

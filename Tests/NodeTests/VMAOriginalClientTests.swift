import FarmModel
import GuestProtocol
import NodeRig
import XCTest

/// A client of the original sends no cookie, and its nxproxy neither shows one nor asks for one: what nxagent shows
/// the user's display is passed on as it is. So nxagent shows nothing, and the display must admit the user's own
/// programs as the original's clients arrange it (Windows and macOS: a server without access control; Linux: the
/// distribution's `xhost +si:localuser:`).
final class VMAOriginalClientTests: XCTestCase {
    private func withOpenDisplay(_ body: (GuestRig) async throws -> Void) async throws {
        let rig = try await GuestRig.make()
        do {
            try await rig.startAgent()
            try await rig.startDisplay(isOpen: true)
            try await body(rig)
        } catch {
            try await rig.remove()
            throw error
        }
        try await rig.remove()
    }

    func testAClientWithoutACookieIsServed() async throws {
        try await withOpenDisplay { rig in
            try await rig.connect(cookie: nil)
            try await rig.waitUntilDrawn()
            let options = try XCTUnwrap(rig.text("/run/qvd/nxagent.options"))
            XCTAssertFalse(options.contains("cookie"), options)
            try await rig.signal("nxproxy", "KILL")
            try await rig.waitUntil(.suspended)
            try await rig.connect(cookie: nil)
            try await rig.waitUntilDrawn()
        }
    }

    func testClientsWithAndWithoutACookieShareADesktop() async throws {
        try await withOpenDisplay { rig in
            for cookie in [GuestRig.cookie, nil, GuestRig.otherCookie, nil] {
                try await rig.connect(cookie: cookie)
                try await rig.waitUntilDrawn()
                try await rig.signal("nxproxy", "KILL")
                try await rig.waitUntil(.suspended)
            }
        }
    }

    func testXClientsNeedTheAuthorityFileHereToo() async throws {
        try await withOpenDisplay { rig in
            try await rig.connect(cookie: nil)
            do {
                try await rig.inside("env", "DISPLAY=:100", "XAUTHORITY=/dev/null", "timeout", "10", "xdpyinfo")
                XCTFail("a client without authority was let in")
            } catch let failure as RigFailure {
                XCTAssert(failure.description.contains("unable to open display"), failure.description)
            }
        }
    }
}

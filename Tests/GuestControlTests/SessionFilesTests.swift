import FarmModel
import GuestProtocol
import XCTest

@testable import GuestControl

/// What the agent reads from the kernel and from nxagent, and what it writes for X.
final class SessionFilesTests: XCTestCase {
    func testNxagentsStateFileIsRead() {
        for state in NXAgentState.allCases {
            XCTAssertEqual(NXAgentState(file: Array(state.rawValue.utf8)), state)
            XCTAssertEqual(NXAgentState(file: Array((state.rawValue + "\n").utf8)), state)
        }
        let long = [UInt8](repeating: 0x20, count: 65)
        for bytes in [[], Array("RUN".utf8), Array("running".utf8), [0xff, 0xfe], long + Array("RUNNING".utf8)] {
            XCTAssertNil(NXAgentState(file: bytes))
        }
    }

    func testListeningPortsAreReadFromTheKernelsTables() {
        let table = """
              sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
               0: 00000000:1004 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1 1 0
               1: 0100007F:0BD6 0100007F:9C40 01 00000000:00000000 00:00000000 00000000     0        0 2 1 0
               2: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0 0 0 0 0
            garbage
               3: 00000000:zzzz 00000000:0000 0A
            """
        XCTAssertEqual(ListeningPorts.read(table), [4100, 22])
        XCTAssertEqual(ListeningPorts.read(""), [])
    }

    func testAProcessIsItsIdAndItsStart() throws {
        let fields = "S 1 7 7 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 98765 1000 2000 3000"
        let process = try XCTUnwrap(ProcessIdentity(stat: "42 (a ) (b) \(fields)"))
        XCTAssertEqual(process, ProcessIdentity(id: 42, started: 98_765))
        let ended = fields.dropFirst()
        XCTAssertNil(ProcessIdentity(stat: "42 (x) Z\(ended)"), "dead")
        XCTAssertNil(ProcessIdentity(stat: "42 (x) Z\(ended.replacing(" 1 0 98765", with: " 0 0 98765"))"), "reaped")
        let threads = ended.replacing(" 1 0 98765", with: " 2 0 98765")
        XCTAssertEqual(ProcessIdentity(stat: "42 (x) Z\(threads)"), process, "another thread holds its sockets")
        for text in ["", "42", "42 (x", "x (y) \(fields)", "42 (x) S 1 2"] {
            XCTAssertNil(ProcessIdentity(stat: text), text)
        }
        let file = process.fileText(boot: "b-1\n")
        XCTAssertEqual(ProcessIdentity(file: file, boot: "b-1"), process)
        XCTAssertNil(ProcessIdentity(file: file, boot: "b-2"), "of an earlier boot")
        for text in ["", "42", "1 5 b-1", "0 5 b-1", "-3 5 b-1", "42 x b-1", "42 5 b-1 more"] {
            XCTAssertNil(ProcessIdentity(file: text, boot: "b-1"), text)
        }
    }

    func testTheServersAuthorityShowsTheClientsCookieOnlyForItsOwnDisplay() throws {
        let session = try XCTUnwrap(NXCookie("000102030405060708090a0b0c0d0e0f"))
        let client = try XCTUnwrap(NXCookie("ffffffffffffffffffffffffffffffff"))
        let one = XAuthority.file(display: 100, cookie: session)
        XCTAssertEqual(
            one,
            [0xff, 0xff, 0, 0, 0, 3] + Array("100".utf8) + [0, 18] + Array("MIT-MAGIC-COOKIE-1".utf8) + [0, 16]
                + Array(0...15))
        XCTAssertEqual(XAuthority.cookie(of: one), session)
        XCTAssertEqual(
            XAuthority.serverFile(display: 100, session: session, client: client),
            XAuthority.file(display: 100, cookie: client) + XAuthority.file(display: 101, cookie: session))
        XCTAssertEqual(
            XAuthority.serverFile(display: 100, session: session, client: nil),
            XAuthority.file(display: 101, cookie: session))
        for end in 0..<one.count { XCTAssertNil(XAuthority.cookie(of: Array(one[..<end])), "cut at \(end)") }
        XCTAssertNil(XAuthority.cookie(of: one + one))
    }

    func testPropertiesBecomeVariables() {
        let (variables, leftOut) = SessionEnvironment.variables(of: [
            "custom.demo.nonce": "abc", "custom.Grüße": "x", "custom.": "x", "custom.text": "Grüße, 漢字 & 🙂",
            "custom.line": "a\nLD_PRELOAD=x", "custom.escape": "\u{1b}[31m", "custom.bidi": "\u{202e}x",
            "custom.long": String(repeating: "x", count: 4097), "qvd.client.os": "linux", "custom.a-b": "",
            "PATH": "/x", "custom.sp ace": "x", "custom.e=f": "x",
        ])
        XCTAssertEqual(
            variables,
            [
                "QVD_CUSTOM_DEMO_NONCE": "abc", "QVD_CUSTOM_TEXT": "Grüße, 漢字 & 🙂", "QVD_CUSTOM_A_B": "",
            ])
        XCTAssertEqual(
            leftOut,
            [
                "custom.", "custom.Grüße", "custom.bidi", "custom.e=f", "custom.escape", "custom.line",
                "custom.long", "custom.sp ace",
            ].sorted())
    }

    func testLongRunsOfDigitsAreHidden() {
        let cookie = "0123456789abcdef0123456789ABCDEF"
        XCTAssertEqual(SecretMask.mask("cookie=\(cookie),x"), "cookie=(hidden),x")
        XCTAssertEqual(SecretMask.mask(cookie + cookie), "(hidden)")
        XCTAssertEqual(SecretMask.mask("\(cookie.dropLast()) face"), "\(cookie.dropLast()) face")
        XCTAssertEqual(SecretMask.mask(""), "")
    }

    /// real-stack pitfalls: `cleanup=0` makes a suspend hang for ever; the state file is how it is watched.
    func testTheOptionsLineHasAllAndOnlyWhatIsNeeded() throws {
        let options = try NXOptions(parameters: [
            "qvd.client.nx.cookie": "0123456789abcdef0123456789abcdef", "qvd.client.keyboard": "pc105/es",
            "qvd.client.nxagent.extra_args": "accept=0.0.0.0,cleanup=0",
        ])
        let place = NXOptions.Place(root: "/run/qvd/nx", stateFile: "/run/qvd/nx/state", accepts: .init("10.3.0.1"))
        XCTAssertEqual(
            options.line(at: place),
            "nx/nx,root=/run/qvd/nx,cookie=0123456789abcdef0123456789abcdef,type=desktop,client=linux,link=adsl,"
                + "keyboard=pc105/es,accept=10.3.0.1,listen=4100,product=qvd,resize=1,state=/run/qvd/nx/state:100\n")
        XCTAssertFalse("\(options)".contains("0123456789abcdef"))
    }

    func testHostileValuesAreRefusedWithTheirName() {
        let hostile = [
            "qvd.client.keyboard": ["pc105/us,accept=0.0.0.0", "a b", "a\nb", "rmlvo/base#pc", "é", "a:b"],
            "qvd.client.link": ["lan,cleanup=0", "lan:1", "0", "99999k"],
            "qvd.client.geometry": ["1x1,accept=1.2.3.4", "800x600:0", "-1x5", "800x600+1", "99999x1"],
            "qvd.client.fullscreen": ["1,listen=1", "2"],
            "qvd.client.nx.cookie": ["x", "0123456789abcdef0123456789abcdef,listen=1", "0123"],
        ]
        for (name, values) in hostile {
            var errors: Set<String> = []
            for value in values {
                XCTAssertThrowsError(try NXOptions(parameters: [name: value]), "\(name)=\(value)") {
                    XCTAssert("\($0)".contains(name), "\($0)")
                    errors.insert("\($0)")
                }
            }
            XCTAssertEqual(errors.count, 1, "the words depend on the refused value, so they repeat some of it")
        }
    }
}

import FarmModel
import GuestControl
import GuestProtocol
import XCTest

final class NXOptionsTests: XCTestCase {
    private let place = NXOptions.Place(
        root: "/run/qvd/nx", stateFile: "/run/qvd/nx.state", accepts: IPv4Address("10.3.255.1"))
    private let cookie = "0123456789ABCDEF0123456789abcdef"

    func testTheLineHoldsWhatNxagentNeeds() throws {
        let options = try NXOptions(parameters: [
            "qvd.client.keyboard": "pc105/us", "qvd.client.os": "Windows", "qvd.client.link": "ADSL",
            "qvd.client.geometry": "1024x768", "qvd.client.fullscreen": "1", "qvd.client.nx.cookie": cookie,
            "qvd.client.hostname": "ignored",
        ])
        XCTAssertEqual(
            options.line(at: place),
            "nx/nx,root=/run/qvd/nx,cookie=0123456789abcdef0123456789abcdef,type=desktop,client=windows,"
                + "link=adsl,keyboard=pc105/us,geometry=1024x768,fullscreen=1,accept=10.3.255.1,listen=4100,"
                + "product=qvd,resize=1,state=/run/qvd/nx.state:100\n")
        XCTAssertEqual(
            NXOptions.display(optionsFile: "/run/qvd/o", display: 100), "nx/nx,options=/run/qvd/o:100")
    }

    func testAnOriginalClientWithoutCookieIsServed() throws {
        let line = try NXOptions(parameters: ["qvd.client.os": "android"]).line(at: place)
        XCTAssertFalse(line.contains("cookie"), line)
        XCTAssert(line.contains("client=linux"), line)
        XCTAssert(line.contains("link=adsl"), line)
    }

    func testCleanupIsNeverPassedBecauseItMakesSuspendHang() throws {
        XCTAssertFalse(try NXOptions(parameters: [:]).line(at: place).contains("cleanup"))
    }

    func testNoValueOfAClientCanAddAnOption() {
        let attacks = [
            "a,cleanup=0", "a:1", "a=b", "a b", "a\nb", "a\u{0}", "ü", "a;b", "$(id)", "a,", ",a",
            String(repeating: "a", count: 65),
        ]
        for name in [
            SessionParameter.keyboard, SessionParameter.link, SessionParameter.geometry,
            SessionParameter.isFullscreen, SessionParameter.nxCookie,
        ] {
            var errors: Set<String> = []
            for attack in attacks {
                XCTAssertThrowsError(try NXOptions(parameters: [name: attack]), "\(name)=\(attack)") {
                    XCTAssert("\($0)".contains(name), "\($0)")
                    errors.insert("\($0)")
                }
            }
            XCTAssertEqual(errors.count, 1, "the words depend on the refused value, so they repeat some of it")
        }
    }

    func testTheClientSystemAndExtraArgumentsAreNotTrusted() throws {
        let line = try NXOptions(parameters: [
            SessionParameter.clientSystem: "linux,accept=0.0.0.0", "qvd.client.nxagent.extra_args": "-ac",
        ]).line(at: place)
        XCTAssert(line.contains("client=linux,link"), line)
        XCTAssertFalse(line.contains("-ac"), line)
        XCTAssertFalse(line.contains("0.0.0.0"), line)
    }

    func testLinksAreNamesOrBandwidths() {
        for text in NXLink.names + ["56k", "1m", "100M", "9999k"] {
            XCTAssertEqual(NXLink(text)?.text, text.lowercased())
        }
        for text in ["", "k", "0k", "56", "56g", "12345k", "-1k", "1.5m", "adsl2", "٣k"] {
            XCTAssertNil(NXLink(text), text)
        }
    }

    func testGeometriesAreSizesPerhapsWithAPlace() {
        for text in ["1x1", "1024x768", "32767x32767", "800x600+0+10"] {
            XCTAssertEqual(NXGeometry(text)?.description, text)
        }
        for text in [
            "", "x", "1024", "0x5", "1024x", "1024x768x2", "32768x1", "-1x5", "1024x768+1", "1024x768-1-1",
            "1024X768", "100000x1", "٣x٣", " 1x1", "fullscreen",
        ] { XCTAssertNil(NXGeometry(text), text) }
    }

    func testTheCookieIsNeverPrinted() throws {
        let options = try NXOptions(parameters: [SessionParameter.nxCookie: cookie])
        for text in ["\(options)", String(describing: options.cookie), String(reflecting: options.cookie)] {
            XCTAssertFalse(text.lowercased().contains(cookie.lowercased()), text)
        }
        XCTAssert("\(options)".contains("cookie=(cookie)"), "\(options)")
    }
}

import FarmModel
import GuestProtocol
import TextEncodings
import XCTest

final class AgentMessageTests: XCTestCase {
    func testCallsSurviveTheirRequestLine() throws {
        let parameters = [
            "qvd.client.keyboard": "pc105/us", "custom.note": "50 % & more = ü \"'+\u{1F600}",
            "custom.empty": "",
            "custom. odd=name&": "x",
        ]
        for method in AgentMethod.allCases {
            let call = AgentCall(method, parameters: parameters)
            XCTAssert(call.target.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f }, call.target)
            XCTAssertEqual(try AgentCall(target: call.target), call)
        }
        XCTAssertEqual(AgentCall(.ping).target, "/vma/ping")
        XCTAssertEqual(
            AgentCall(.startSession, parameters: ["b": "2", "a": "1"]).target, "/vma/x_start?a=1&b=2")
    }

    func testCallsAreReadAsOthersWriteThem() throws {
        XCTAssertEqual(
            try AgentCall(target: "/vma/x_start?a=b+c&d&a=e%2fF").parameters, ["a": "e/F", "d": ""])
        XCTAssertEqual(try AgentCall(target: "/vma/x_state?").method, .sessionState)
    }

    func testBrokenCallsAreRefusedWithTheReason() {
        let many = (0...AgentCall.parametersMax).map { "p\($0)=1" }.joined(separator: "&")
        let cases = [
            ("/", "path"), ("", "path"), ("/vma", "path"), ("/vma/", "unknown method"),
            ("/vma/x_restart", "unknown method"), ("/vma/ping/", "unknown method"),
            ("/vma/PING", "unknown method"),
            ("/vma/ping?a=%", "escape"), ("/vma/ping?a=%4", "escape"), ("/vma/ping?a=%zz", "escape"),
            ("/vma/ping?a=%ff", "UTF-8"), ("/vma/ping?a=%00", "escape"), ("/vma/ping?" + many, "parameters"),
            ("/vma/ping?" + String(repeating: "a", count: AgentCall.targetLengthMax), "bytes"),
        ]
        for (target, reason) in cases {
            XCTAssertThrowsError(try AgentCall(target: target), target) { error in
                XCTAssert("\(error)".contains(reason), "\(target.prefix(40)): \(error)")
            }
        }
    }

    func testCallsArePrintedWithoutValues() {
        let call = AgentCall(
            .startSession, parameters: [SessionParameter.nxCookie: "c00c1e", "qvd.slave.key": "k3y"])
        XCTAssertEqual("\(call)", "x_start(qvd.client.nx.cookie, qvd.slave.key)")
    }

    func testAnswersSurviveTheirBody() throws {
        let answers: [AgentAnswer] = [
            .alive, .state(.listening), .result(.null), .failure("no \"space\" in /tmp\n"),
            .failure("ü \u{1}"),
        ]
        for answer in answers {
            XCTAssertEqual(try AgentAnswer(decoding: Array(answer.encoded.utf8)), answer)
        }
        XCTAssertEqual(AgentAnswer.alive.encoded, "[1]")
        XCTAssertEqual(AgentAnswer.state(.starting).encoded, #"["starting"]"#)
        XCTAssertEqual(AgentAnswer.failure("x").encoded, #"[null,"x"]"#)
    }

    func testAnswersOfTheOriginalAreUnderstood() throws {
        func read(_ text: String) throws -> AgentAnswer { try AgentAnswer(decoding: Array(text.utf8)) }
        XCTAssertEqual(try read(#" [ "listening" ] "#).sessionState, .listening)
        XCTAssertEqual(try read(#"["connected",null]"#).sessionState, .connected)
        XCTAssertEqual(try read("[1]"), .alive)
        XCTAssertEqual(try read(#"[null,"session is connected, Retry later"]"#).isBusy, true)
        XCTAssertEqual(try read(#"[null,"broken"]"#).isBusy, false)
        XCTAssertEqual(try read(#"[null,{"code":5}]"#), .failure(#"{"code":5}"#))
        XCTAssertNil(try read(#"["flying"]"#).sessionState)
    }

    func testBrokenAnswersAreRefused() {
        let bodies = [
            "", "null", "[]", "[1,null,2]", "[1", "[1]]", "[01]", "[+1]", "[\"\u{1}\"]", #"["\x"]"#,
            #"["\ud800"]"#, #"["\ud800A"]"#, "[tru]", #"{"a":1}"#, "[1,]", #"["a]"#, "<html>",
            String(repeating: "[", count: 100),
            "[\"" + String(repeating: "a", count: AgentAnswer.lengthMax) + "\"]",
        ]
        for body in bodies {
            XCTAssertThrowsError(try AgentAnswer(decoding: Array(body.utf8)), String(body.prefix(40)))
        }
        XCTAssertThrowsError(try AgentAnswer(decoding: [0x5b, 0x22, 0xff, 0x22, 0x5d]), "not UTF-8")
    }

    func testOnlyTheWholeSecretIsAdmitted() {
        let secret = AgentSecret(String(repeating: "ab", count: 32))
        let header = AgentAuthorization.header(for: secret)
        XCTAssert(AgentAuthorization.admits(header: header, secret: secret))
        let wrong = [
            nil, "", "Bearer", "Bearer " + String(repeating: "ab", count: 31), header + "a",
            header.uppercased(),
        ]
        for header in wrong { XCTAssertFalse(AgentAuthorization.admits(header: header, secret: secret)) }
    }
}

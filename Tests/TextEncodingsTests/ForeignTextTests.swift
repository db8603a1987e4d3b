import Foundation
import TextEncodings
import XCTest

final class ForeignTextTests: XCTestCase {
    func testWhatChangesTheRestIsShownAsItsNumber() {
        let shown = [
            ("plain Büro 漢字 \u{1F600}", "plain Büro 漢字 \u{1F600}"), ("a\u{1B}[31mb", "a\\u{1B}[31mb"),
            ("a\r\nb\tc", "a\\u{D}\\u{A}b\\u{9}c"), ("\u{9B}31m", "\\u{9B}31m"), ("\u{7F}", "\\u{7F}"),
            ("\u{202E}gpj.exe", "\\u{202E}gpj.exe"), ("a\u{2028}b\u{2029}", "a\\u{2028}b\\u{2029}"),
            ("\u{200B}\u{FEFF}\u{AD}", "\\u{200B}\\u{FEFF}\\u{AD}"), ("\u{E000}", "\\u{E000}"),
        ]
        for (text, expected) in shown { XCTAssertEqual(ForeignText.shown(text), expected) }
        XCTAssertEqual(ForeignText.shown([0x61, 0xFF, 0x0A]), "a\u{FFFD}\\u{A}")
    }

    func testMoreThanTheLimitIsCutOff() {
        XCTAssertEqual(ForeignText.shown("abcd", upTo: 4), "abcd")
        XCTAssertEqual(ForeignText.shown("abcde", upTo: 4), "abcd…")
        XCTAssertEqual(ForeignText.shown([UInt8](repeating: 0x62, count: 100), upTo: 3), "bbb…")
    }

    func testLinesOfOursStayLines() {
        XCTAssertEqual(ForeignText.lines("a\nb\u{1B}[2J\n\nc\r\nd\n"), "a\nb\\u{1B}[2J\n\nc\\u{D}\nd\n")
        XCTAssertEqual(ForeignText.lines(""), "")
    }

    func testALogFieldForgesNeitherFieldNorLine() {
        let fields = [
            ("alice@default", "user=alice@default"), ("", "user=\"\""), ("a b", "user=\"a b\""),
            ("a vm=2", "user=\"a vm=2\""), ("a\" vm=2", "user=\"a\\\" vm=2\""), ("a=b", "user=\"a=b\""),
            ("x]", "user=\"x]\""), ("a\n2026 info: user=b", "user=\"a\\u{A}2026 info: user=b\""),
            ("\u{9B}2J", "user=\"\\u{9B}2J\""), ("a\u{A0}b", "user=\"a\u{A0}b\""),
        ]
        for (value, expected) in fields { XCTAssertEqual(LogField.text("user", value), expected) }
        XCTAssertEqual(LogField.text("a", String(repeating: "x", count: 5_000)).count, 2_003)
    }

    func testJSONCarriesEveryCharacterAndTouchesNoTerminal() throws {
        let text = "ü \" \\ \n \u{1B} \u{9B} \u{7F} \u{202E} \u{2028} \u{E0001} \u{1F600}"
        let encoded = JSONValue.quote(text)
        XCTAssert(encoded.unicodeScalars.allSatisfy(ForeignText.isPlain), encoded)
        XCTAssert(encoded.contains("\\udb40\\udc01") && encoded.contains("\u{1F600}"), encoded)
        XCTAssertEqual(try JSONValue(decoding: Array(encoded.utf8)), .string(text))
        XCTAssertEqual(try JSONSerialization.jsonObject(with: Data("[\(encoded)]".utf8)) as? [String], [text])
    }

    func testAShellReadsAQuotedWordAsItWas() throws {
        XCTAssertEqual(ShellWord.quoted("/var/lib/Büro-1.qcow2"), "/var/lib/Büro-1.qcow2")
        for text in ["", "a b", "it's", "$(reboot)`x`", "a\\b\"c", "~x", "a;b&c|d<e>f", "*?[x]", "#a", "!x"] {
            let program = Process()
            program.executableURL = URL(fileURLWithPath: "/bin/sh")
            program.arguments = ["-c", "printf %s \(ShellWord.quoted(text))"]
            let output = Pipe()
            program.standardOutput = output
            try program.run()
            let bytes = output.fileHandleForReading.readDataToEndOfFile()
            program.waitUntilExit()
            XCTAssertEqual(String(decoding: bytes, as: UTF8.self), text)
        }
    }
}

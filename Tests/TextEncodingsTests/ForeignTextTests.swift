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

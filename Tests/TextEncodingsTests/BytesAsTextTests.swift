import Foundation
import TextEncodings
import XCTest

/// Our encoders, which need no Foundation, against Foundation's.
final class BytesAsTextTests: XCTestCase {
    func testBase64IsThatOfFoundation() {
        for count in 0...70 {
            let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ count &* 91) }
            XCTAssertEqual(Base64.encode(bytes), Data(bytes).base64EncodedString())
        }
    }

    func testHexadecimalHasEveryDigit() {
        XCTAssertEqual(Hexadecimal.text([] as [UInt8]), "")
        XCTAssertEqual(
            Hexadecimal.text(UInt8.min...UInt8.max), (0...255).map { String(format: "%02x", $0) }.joined())
        XCTAssertEqual(Hexadecimal.text(UInt64(0)), "0000000000000000")
        XCTAssertEqual(Hexadecimal.text(UInt64.max), "ffffffffffffffff")
        XCTAssertEqual(Hexadecimal.text(UInt32(0x00c0_ffee)), "00c0ffee")
    }

    func testPercentEncodingSurvivesAnyText() {
        for text in ["", "a b+c", "%", "ü漢\u{1F600}", "a=b&c", "-._~", "\u{1}\u{7f}"] {
            XCTAssertEqual(PercentEncoding.decode(PercentEncoding.encode(text), plusIsSpace: true), text)
        }
        for broken in ["%", "%4", "%zz", "%ff", "%00"] {
            XCTAssertNil(PercentEncoding.decode(broken, plusIsSpace: false), broken)
        }
    }
}

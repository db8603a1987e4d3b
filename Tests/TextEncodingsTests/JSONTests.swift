import TextEncodings
import XCTest

final class JSONTests: XCTestCase {
    func testJSONKeepsNumbersSignsAndSurrogates() throws {
        let text = #"{"a":[-0.5e+10,1E2,0],"b":"\ud83d\ude00\/\b\f","c":{},"d":[true,false,null]}"#
        let value = try JSONValue(decoding: Array(text.utf8))
        XCTAssertEqual(value["a"], .array([.number("-0.5e+10"), .number("1E2"), .number("0")]))
        XCTAssertEqual(value["b"], .string("\u{1F600}/\u{8}\u{c}"))
        XCTAssertEqual(try JSONValue(decoding: Array(value.encoded.utf8)), value)
    }

    func testRandomBodiesAreReadOrRefusedButNeverTrap() throws {
        let pieces = [
            "[", "]", "{", "}", ",", ":", "\"", "\\", "\\u", "d83d", "1", "-", ".", "e", "null", "true", " ",
            "ü",
        ]
        var state: UInt64 = 1
        var readCount = 0
        var refusals = 0
        for _ in 0..<50_000 {
            var text = ""
            for _ in 0..<6 {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                text += pieces[Int(state >> 33) % pieces.count]
            }
            do {
                let value = try JSONValue(decoding: Array(text.utf8))
                readCount += 1
                let again = try JSONValue(decoding: Array(value.encoded.utf8))
                XCTAssertEqual(again, value, text)
            } catch {
                refusals += 1
            }
        }
        XCTAssertGreaterThan(readCount, 10, "some were right by chance")
        XCTAssertGreaterThan(refusals, 10)
    }
}

/// Reads JSON text strictly, at most 16 levels deep.
struct JSONReader {
    private static let depthMax = 16

    private let bytes: [UInt8]
    private var place = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    mutating func readDocument() throws(JSONError) -> JSONValue {
        let value = try readValue(depth: 0)
        skipSpace()
        guard place == bytes.count else { throw wrong("something after the end") }
        return value
    }

    private mutating func readValue(depth: Int) throws(JSONError) -> JSONValue {
        guard depth < Self.depthMax else { throw wrong("nested deeper than \(Self.depthMax)") }
        skipSpace()
        switch peek {
        case UInt8(ascii: "n"): return try read("null", as: .null)
        case UInt8(ascii: "t"): return try read("true", as: .bool(true))
        case UInt8(ascii: "f"): return try read("false", as: .bool(false))
        case UInt8(ascii: "\""): return .string(try readString())
        case UInt8(ascii: "["): return try readArray(depth: depth)
        case UInt8(ascii: "{"): return try readObject(depth: depth)
        default: return try readNumber()
        }
    }

    private mutating func readArray(depth: Int) throws(JSONError) -> JSONValue {
        place += 1
        var values: [JSONValue] = []
        skipSpace()
        if take("]") { return .array(values) }
        while true {
            values.append(try readValue(depth: depth + 1))
            skipSpace()
            if take("]") { return .array(values) }
            guard take(",") else { throw wrong("expected , or ]") }
        }
    }

    private mutating func readObject(depth: Int) throws(JSONError) -> JSONValue {
        place += 1
        var members: [JSONValue.Member] = []
        skipSpace()
        if take("}") { return .object(members) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw wrong("expected a name in quotes") }
            let name = try readString()
            skipSpace()
            guard take(":") else { throw wrong("expected :") }
            members.append(JSONValue.Member(name, try readValue(depth: depth + 1)))
            skipSpace()
            if take("}") { return .object(members) }
            guard take(",") else { throw wrong("expected , or }") }
        }
    }

    private mutating func readString() throws(JSONError) -> String {
        place += 1
        var text: [UInt8] = []
        while let byte = peek {
            place += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let string = String(validating: text, as: UTF8.self) else { throw wrong("not UTF-8") }
                return string
            case UInt8(ascii: "\\"): text += Array(String(Character(try readEscape())).utf8)
            case 0..<0x20: throw wrong("a control character in a string")
            default: text.append(byte)
            }
        }
        throw wrong("a string without end")
    }

    private mutating func readEscape() throws(JSONError) -> Unicode.Scalar {
        let letter = peek
        place += 1
        switch letter {
        case UInt8(ascii: "\""): return "\""
        case UInt8(ascii: "\\"): return "\\"
        case UInt8(ascii: "/"): return "/"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try readUnicodeEscape()
        default: throw wrong("an unknown escape")
        }
    }

    private mutating func readUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try readFourDigits()
        var code = first
        if (0xd800..<0xdc00).contains(first) {
            guard take("\\"), take("u") else { throw wrong("half of a surrogate pair") }
            let second = try readFourDigits()
            guard (0xdc00..<0xe000).contains(second) else { throw wrong("half of a surrogate pair") }
            code = 0x10000 + (first - 0xd800) << 10 + (second - 0xdc00)
        }
        guard let scalar = Unicode.Scalar(code) else { throw wrong("half of a surrogate pair") }
        return scalar
    }

    private mutating func readFourDigits() throws(JSONError) -> UInt32 {
        guard place + 4 <= bytes.count else { throw wrong("a \\u escape without four digits") }
        let digits = String(decoding: bytes[place..<place + 4], as: UTF8.self)
        guard digits.allSatisfy(\.isHexDigit), let code = UInt32(digits, radix: 16) else {
            throw wrong("a \\u escape without four digits")
        }
        place += 4
        return code
    }

    private mutating func readNumber() throws(JSONError) -> JSONValue {
        let start = place
        _ = take("-")
        let wholeStart = place
        try skipDigits()
        guard place == wholeStart + 1 || bytes[wholeStart] != UInt8(ascii: "0") else {
            throw wrong("a leading zero")
        }
        if take(".") { try skipDigits() }
        if take("e") || take("E") {
            if !take("+") { _ = take("-") }
            try skipDigits()
        }
        return .number(String(decoding: bytes[start..<place], as: UTF8.self))
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = place
        while let byte = peek, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { place += 1 }
        guard place > start else { throw wrong("expected a value") }
    }

    private mutating func read(_ word: String, as value: JSONValue) throws(JSONError) -> JSONValue {
        guard bytes[place...].starts(with: word.utf8) else { throw wrong("expected a value") }
        place += word.utf8.count
        return value
    }

    private var peek: UInt8? { place < bytes.count ? bytes[place] : nil }

    private mutating func take(_ sign: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: sign) else { return false }
        place += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { place += 1 }
    }

    private func wrong(_ reason: String) -> JSONError {
        JSONError("\(reason) at byte \(place)")
    }
}

/// A JSON value (RFC 8259), as far as agent and router need one: small, bounded, without Foundation, so that
/// it is the same in the simulator and in the statically linked agent.
package enum JSONValue: Sendable, Hashable {
    case null
    case bool(Bool)
    /// As written, so that nothing is lost.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// In order; a name may occur twice in what others wrote.
    case object([Member])

    package struct Member: Sendable, Hashable {
        package var name: String
        package var value: JSONValue

        package init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    package static func integer(_ number: some BinaryInteger) -> JSONValue { .number(String(number)) }

    /// Of an object, the first member of that name.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// Without white space. Strings stay UTF-8, with escapes for what shows nothing itself: a reader gets every
    /// character, and a terminal none that would change it.
    package var encoded: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quote(text)
        case .array(let values): "[" + values.map(\.encoded).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quote($0.name) + ":" + $0.value.encoded }.joined(separator: ",") + "}"
        }
    }

    /// A string in quotes (RFC 8259, section 7).
    package static func quote(_ text: String) -> String {
        var quoted = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where !ForeignText.isPlain(scalar):
                // Beyond 16 bits an escape is a pair.
                for unit in UTF16.encode(scalar)! { quoted += "\\u" + Hexadecimal.text(unit) }
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }

    /// Reads one value that fills the whole text.
    package init(decoding bytes: [UInt8]) throws(JSONError) {
        var reader = JSONReader(bytes)
        self = try reader.readDocument()
    }
}

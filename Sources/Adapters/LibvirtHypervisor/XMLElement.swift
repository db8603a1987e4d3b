/// One XML element, built as a value and written with the right escapes, so that no text of people or paths
/// can become markup.
struct XMLElement: Sendable, Hashable {
    var name: String
    /// Written in this order.
    var attributes: [(name: String, value: String)]
    var text: String
    var children: [XMLElement]

    init(
        _ name: String, _ attributes: KeyValuePairs<String, String> = [:], text: String = "",
        _ children: [XMLElement] = []
    ) {
        self.name = name
        self.attributes = attributes.map { ($0.key, $0.value) }
        self.text = text
        self.children = children
    }

    init(_ name: String, _ children: [XMLElement]) { self.init(name, [:], children) }

    /// Two spaces per level, one element per line: what golden files are compared with.
    func rendered(indent: String = "") -> String {
        let attributes = attributes.map { " \($0.name)='\(Self.escaped($0.value))'" }.joined()
        if children.isEmpty {
            return text.isEmpty
                ? "\(indent)<\(name)\(attributes)/>\n"
                : "\(indent)<\(name)\(attributes)>\(Self.escaped(text))</\(name)>\n"
        }
        let inner = children.map { $0.rendered(indent: indent + "  ") }.joined()
        return "\(indent)<\(name)\(attributes)>\n\(inner)\(indent)</\(name)>\n"
    }

    /// Markup characters become entities. Tab, line feed and carriage return become character references,
    /// because a parser turns them into spaces inside attributes. What XML 1.0 cannot hold at all (section
    /// 2.2: other control characters, U+FFFE, U+FFFF) becomes U+FFFD.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "'": result += "&apos;"
            case "\"": result += "&quot;"
            case "\t", "\n", "\r": result += "&#\(scalar.value);"
            default: result.unicodeScalars.append(isAllowed(scalar) ? scalar : "\u{fffd}")
            }
        }
        return result
    }

    /// Whether XML 1.0 can hold the character.
    static func isAllowed(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x9, 0xa, 0xd, 0x20...0xd7ff, 0xe000...0xfffd, 0x1_0000...0x10_ffff: true
        default: false
        }
    }

    static func == (left: Self, right: Self) -> Bool { left.rendered() == right.rendered() }
    func hash(into hasher: inout Hasher) { hasher.combine(rendered()) }
}

/// The lines of a `node.conf`, read but not yet understood: `key = value`, `#` begins a comment line, `${key}` in a
/// value stands for the value of that key.
struct ConfigurationText {
    let file: String
    /// By the names of their keys.
    private var values: [String: (text: String, line: Int)] = [:]

    init(_ text: String, file: String) throws(ConfigurationError) {
        self.file = file
        var number = 0
        for line in text.split(separator: "\n", omittingEmptySubsequences: false) {
            number += 1
            let trimmed = trim(line)
            if trimmed.isEmpty || trimmed.hasPrefix("#") { continue }
            guard let equals = trimmed.firstIndex(of: "=") else {
                throw error(number, "expected `key = value`, found `\(trimmed)`")
            }
            let name = trim(trimmed[..<equals])
            let value = trim(trimmed[trimmed.index(after: equals)...])
            guard NodeKeys.named(name) != nil else {
                throw error(
                    number, "unknown key `\(name)`; the nearest known key is `\(NodeKeys.nearest(to: name))`")
            }
            if let earlier = values[name] {
                throw error(number, "`\(name)` was already set in line \(earlier.line); keep one of the two")
            }
            values[name] = (value, number)
        }
    }

    /// The value with every reference replaced; nil when there is neither a value nor a default, or it is empty.
    private func text(_ key: any ConfigurationEntry) throws(ConfigurationError) -> String? {
        let value = try expanded(key, within: [])
        return value?.isEmpty == true ? nil : value
    }

    private func expanded(
        _ key: any ConfigurationEntry, within outer: [String]
    ) throws(ConfigurationError) -> String? {
        guard !outer.contains(key.name) else {
            throw error(key, "`\(key.name)` refers to itself through ${...}")
        }
        guard var rest = (values[key.name]?.text ?? key.defaultText).map({ $0[...] }) else { return nil }
        var result = ""
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw error(key, "`${` without a closing `}`")
            }
            let name = String(rest[start.upperBound..<end])
            guard let reference = NodeKeys.named(name) else {
                throw error(key, "${\(name)} is no known key; the nearest is `\(NodeKeys.nearest(to: name))`")
            }
            guard let value = try expanded(reference, within: outer + [key.name]) else {
                throw error(key, "${\(name)} has no value")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// The text of the key, which it takes.
    func checked(_ key: any ConfigurationEntry) throws(ConfigurationError) -> String? {
        let text = try text(key)
        guard !key.takes(text) else { return text }
        guard let text else { throw error(key, "`\(key.name)` needs a value: \(key.expected)") }
        throw error(key, "`\(key.name)` is `\(text)`; it must be \(key.expected)")
    }

    private func error(_ line: Int, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, message: message)
    }

    /// At the line that sets the key, if one does.
    private func error(_ key: any ConfigurationEntry, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: values[key.name]?.line, message: message)
    }
}

func trim(_ text: Substring) -> String { trim(String(text)) }

private func trim(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
}

/// The lines of a `node.conf`, read but not yet understood: `key = value`, `#` begins a comment line, `${key}` in a
/// value stands for the value of that key.
struct ConfigurationText {
    let file: String
    private var values: [ConfigurationKey: (text: String, line: Int)] = [:]

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
            guard let key = ConfigurationKey(rawValue: name) else {
                throw error(
                    number, "unknown key `\(name)`; the nearest known key is `\(ConfigurationKey.nearest(to: name))`")
            }
            if let earlier = values[key] {
                throw error(number, "`\(name)` was already set in line \(earlier.line); keep one of the two")
            }
            values[key] = (value, number)
        }
    }

    /// The value with every reference replaced; nil when there is neither a value nor a default, or it is empty.
    func text(_ key: ConfigurationKey) throws(ConfigurationError) -> String? {
        let value = try expanded(key, within: [])
        return value?.isEmpty == true ? nil : value
    }

    private func expanded(
        _ key: ConfigurationKey, within outer: [ConfigurationKey]
    ) throws(ConfigurationError) -> String? {
        guard !outer.contains(key) else {
            throw error(key, "`\(key.rawValue)` refers to itself through ${...}")
        }
        guard var rest = (values[key]?.text ?? key.defaultText).map({ $0[...] }) else { return nil }
        var result = ""
        while let start = rest.firstRange(of: "${") {
            result += rest[..<start.lowerBound]
            guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
                throw error(key, "`${` without a closing `}`")
            }
            let name = String(rest[start.upperBound..<end])
            guard let reference = ConfigurationKey(rawValue: name) else {
                throw error(
                    key, "${\(name)} is no known key; the nearest is `\(ConfigurationKey.nearest(to: name))`")
            }
            guard let value = try expanded(reference, within: outer + [key]) else {
                throw error(key, "${\(name)} has no value")
            }
            result += value
            rest = rest[rest.index(after: end)...]
        }
        return result + rest
    }

    /// - Parameter expected: completes "must be".
    func value<Value>(
        _ key: ConfigurationKey, expected: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value {
        guard let value = try optional(key, expected: expected, parse) else {
            throw error(key, "`\(key.rawValue)` needs a value: \(expected)")
        }
        return value
    }

    func optional<Value>(
        _ key: ConfigurationKey, expected: String, _ parse: (String) -> Value?
    ) throws(ConfigurationError) -> Value? {
        guard let text = try text(key) else { return nil }
        guard let value = parse(text) else {
            throw error(key, "`\(key.rawValue)` is `\(text)`; it must be \(expected)")
        }
        return value
    }

    func path(_ key: ConfigurationKey) throws(ConfigurationError) -> String {
        try value(key, expected: "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    func flag(_ key: ConfigurationKey) throws(ConfigurationError) -> Bool {
        try value(key, expected: "1 or 0") { $0 == "1" ? true : $0 == "0" ? false : nil }
    }

    func number(_ key: ConfigurationKey, _ range: ClosedRange<Int>) throws(ConfigurationError) -> Int {
        try value(key, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)") {
            Int($0).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    /// Seconds, with a fraction down to a millisecond, greater than 0 and up to a day.
    func seconds(_ key: ConfigurationKey) throws(ConfigurationError) -> Duration {
        try value(key, expected: "a number of seconds greater than 0, at most 86400") {
            guard let seconds = Double($0), seconds >= 0.001, seconds <= 86_400 else { return nil }
            return .milliseconds(Int64((seconds * 1000).rounded()))
        }
    }

    func error(_ line: Int, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: line, message: message)
    }

    /// At the line that sets the key, if one does.
    func error(_ key: ConfigurationKey, _ message: String) -> ConfigurationError {
        ConfigurationError(file: file, line: values[key]?.line, message: message)
    }
}

extension ConfigurationKey: CustomStringConvertible {
    package var description: String { rawValue }
}

func trim(_ text: Substring) -> String { trim(String(text)) }

private func trim(_ text: String) -> String {
    String(text.drop(while: \.isWhitespace).reversed().drop(while: \.isWhitespace).reversed())
}

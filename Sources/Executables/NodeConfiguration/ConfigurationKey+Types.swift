extension ConfigurationKey where Value == String {
    static func path(_ name: String, default text: String, _ summary: String) -> ConfigurationKey {
        ConfigurationKey(name, default: text, summary, expected: "an absolute path") { $0.hasPrefix("/") ? $0 : nil }
    }

    /// Any text but an empty one.
    ///
    /// - Parameter expected: what the text is.
    static func text(_ name: String, default text: String, _ summary: String, expected: String) -> ConfigurationKey {
        ConfigurationKey(name, default: text, summary, expected: expected) { $0 }
    }
}

extension ConfigurationKey where Value == Bool {
    static func flag(_ name: String, default text: String, _ summary: String) -> ConfigurationKey {
        ConfigurationKey(name, default: text, summary, expected: "1 or 0") {
            $0 == "1" ? true : $0 == "0" ? false : nil
        }
    }
}

extension ConfigurationKey where Value == Int {
    static func number(
        _ name: String, default text: String, _ summary: String, _ range: ClosedRange<Int>
    ) -> ConfigurationKey {
        ConfigurationKey(
            name, default: text, summary,
            expected: "a whole number from \(range.lowerBound) to \(range.upperBound)"
        ) { Int($0).flatMap { range.contains($0) ? $0 : nil } }
    }
}

extension ConfigurationKey where Value == Duration {
    /// Seconds, with a fraction down to a millisecond, greater than 0 and up to a day.
    static func seconds(_ name: String, default text: String, _ summary: String) -> ConfigurationKey {
        ConfigurationKey(name, default: text, summary, expected: "a number of seconds greater than 0, at most 86400") {
            guard let seconds = Double($0), seconds >= 0.001, seconds <= 86_400 else { return nil }
            return .milliseconds(Int64((seconds * 1000).rounded()))
        }
    }
}

extension ConfigurationKey where Value: CaseIterable & RawRepresentable<String> {
    /// One of the words of `Value`, in small or capital letters.
    static func choice(_ name: String, default text: String, _ summary: String) -> ConfigurationKey {
        let words = Value.allCases.map(\.rawValue).joined(separator: ", ")
        return ConfigurationKey(name, default: text, summary, expected: "one of " + words) {
            Value(rawValue: $0.lowercased())
        }
    }
}

extension ConfigurationKey {
    /// A key that may be left empty.
    static func optional<Wrapped>(
        _ name: String, _ summary: String, expected: String, _ parse: @escaping @Sendable (String) -> Wrapped?
    ) -> ConfigurationKey where Value == Wrapped? {
        ConfigurationKey(name, default: nil, summary, expected: expected, whenAbsent: .some(nil)) { text in
            parse(text).map { .some($0) }
        }
    }
}

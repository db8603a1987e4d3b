/// One key of `node.conf`: its name there, what it means, its default, and which texts it takes.
package struct ConfigurationKey<Value: Sendable>: Sendable {
    package let name: String
    /// The text when the file does not say; nil when there is none. May refer to other keys as `${key}`.
    package let defaultText: String?
    /// One line for people.
    package let summary: String
    /// Completes "it must be".
    package let expected: String
    /// nil for a text that the key does not take.
    let parse: @Sendable (String) -> Value?
    /// The value when there is no text, or an empty one; nil when the key needs one.
    let whenAbsent: Value?

    init(
        _ name: String, default defaultText: String?, _ summary: String, expected: String, whenAbsent: Value? = nil,
        _ parse: @escaping @Sendable (String) -> Value?
    ) {
        self.name = name
        self.defaultText = defaultText
        self.summary = summary
        self.expected = expected
        self.parse = parse
        self.whenAbsent = whenAbsent
    }

    /// - Parameter text: nil when neither the file nor a default says, or what they say is empty.
    func value(of text: String?) -> Value? {
        if let text { parse(text) } else { whenAbsent }
    }
}

/// What all keys have, whatever their values are.
package protocol ConfigurationEntry: Sendable {
    var name: String { get }
    var defaultText: String? { get }
    var summary: String { get }
    var expected: String { get }
    func takes(_ text: String?) -> Bool
}

extension ConfigurationKey: ConfigurationEntry {
    /// - Parameter text: nil when neither the file nor a default says, or what they say is empty.
    package func takes(_ text: String?) -> Bool { value(of: text) != nil }
}

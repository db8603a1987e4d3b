import Yams

/// A place in a scenario file: what stands there, and how to say that something else was expected.
struct YAMLPosition {
    let file: String
    let node: Yams.Node

    /// From 1.
    var line: Int { node.mark?.line ?? 0 }

    func error(_ words: String) -> ScenarioError {
        ScenarioError(file: file, line: node.mark?.line ?? 0, column: node.mark?.column ?? 0, words: words)
    }

    private func at(_ other: Yams.Node) -> YAMLPosition { YAMLPosition(file: file, node: other) }

    /// What stands there, in a few words.
    private var found: String {
        switch node {
        case .scalar(let scalar): scalar.string.isEmpty ? "nothing" : "\"\(scalar.string)\""
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        }
    }

    func text(_ expected: String) throws(ScenarioError) -> String {
        guard case .scalar(let scalar) = node, !scalar.string.isEmpty else {
            throw error("expected \(expected), found \(found)")
        }
        return scalar.string
    }

    func number(_ range: ClosedRange<Int>) throws(ScenarioError) -> Int {
        let expected = "a number from \(range.lowerBound) to \(range.upperBound)"
        guard let number = Int(try text(expected)), range.contains(number) else {
            throw error("expected \(expected), found \(found)")
        }
        return number
    }

    func flag() throws(ScenarioError) -> Bool {
        switch try text("true or false") {
        case "true", "yes": return true
        case "false", "no": return false
        default: throw error("expected true or false, found \(found)")
        }
    }

    /// Nanoseconds: a number with `ns`, `us`, `ms`, `s`, `m` or `h`.
    func time() throws(ScenarioError) -> Int64 {
        let expected = "a time such as 90s, 250ms, 5m or 1h"
        let text = try text(expected)
        guard let time = ScenarioTime.read(text) else { throw error("expected \(expected), found \(found)") }
        return time
    }

    /// One of the words.
    func choice<Value>(_ choices: [(String, Value)]) throws(ScenarioError) -> Value {
        let expected = "one of " + choices.map(\.0).joined(separator: ", ")
        let text = try text(expected)
        guard let found = choices.first(where: { $0.0 == text }) else {
            throw error("expected \(expected), found \"\(text)\"")
        }
        return found.1
    }

    func list() throws(ScenarioError) -> [YAMLPosition] {
        guard case .sequence(let sequence) = node else { throw error("expected a list, found \(found)") }
        return sequence.map(at)
    }

    /// The entries of a mapping whose keys are all known and come once.
    func fields(_ known: [String]) throws(ScenarioError) -> ScenarioFields {
        guard case .mapping(let mapping) = node else {
            throw error("expected a mapping with \(known.joined(separator: ", ")), found \(found)")
        }
        var values: [String: YAMLPosition] = [:]
        for (key, value) in mapping {
            guard case .scalar(let scalar) = key, known.contains(scalar.string) else {
                throw at(key).error(
                    "unknown key \(at(key).found); expected one of \(known.joined(separator: ", "))")
            }
            guard values.updateValue(at(value), forKey: scalar.string) == nil else {
                throw at(key).error("\(scalar.string) is given twice")
            }
        }
        return ScenarioFields(place: self, values: values)
    }
}

/// The entries of one mapping of a scenario file.
struct ScenarioFields {
    let place: YAMLPosition
    let values: [String: YAMLPosition]

    subscript(_ key: String) -> YAMLPosition? { values[key] }

    func required(_ key: String) throws(ScenarioError) -> YAMLPosition {
        guard let value = values[key] else { throw place.error("expected the key \(key) here") }
        return value
    }

    /// Refuses keys that mean nothing in this entry.
    func refuse(except allowed: [String], of what: String) throws(ScenarioError) {
        for key in values.keys.sorted() where !allowed.contains(key) {
            throw values[key]!.error("\(key) means nothing for \(what); it takes \(allowed.joined(separator: ", "))")
        }
    }
}

/// Times as scenario files write them.
package enum ScenarioTime {
    private static let units: [(name: String, nanoseconds: Int64)] = [
        ("ns", 1), ("us", 1000), ("ms", 1_000_000), ("h", 3600 * Plan.second), ("m", 60 * Plan.second),
        ("s", Plan.second),
    ]

    /// Nil unless it is a number, 0 or more and below 10,000 hours, with a unit.
    package static func read(_ text: String) -> Int64? {
        for unit in units where text.hasSuffix(unit.name) {
            let digits = text.dropLast(unit.name.count)
            if let whole = Int64(digits) {
                let product = whole.multipliedReportingOverflow(by: unit.nanoseconds)
                return whole >= 0 && !product.overflow && product.partialValue < limit ? product.partialValue : nil
            }
            if let number = Double(digits), number >= 0, number * Double(unit.nanoseconds) < Double(limit) {
                return Int64((number * Double(unit.nanoseconds)).rounded())
            }
        }
        return nil
    }

    private static let limit = 10_000 * 3600 * Plan.second

    /// In the largest unit that needs no fraction.
    package static func text(_ nanoseconds: Int64) -> String {
        for unit in units.sorted(by: { $0.nanoseconds > $1.nanoseconds })
        where nanoseconds % unit.nanoseconds == 0 && (nanoseconds > 0 || unit.name == "s") {
            return "\(nanoseconds / unit.nanoseconds)\(unit.name)"
        }
        return "\(nanoseconds)ns"
    }
}

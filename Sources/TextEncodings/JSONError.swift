/// Why a text is no JSON: the reason and the place, without a value that might be secret.
package struct JSONError: Error, Sendable, Hashable, CustomStringConvertible {
    package var detail: String

    package init(_ detail: String) { self.detail = detail }

    package var description: String { "JSON: \(detail)" }
}

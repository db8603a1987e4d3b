package import FarmModel
package import TextEncodings

/// What the agent answers: a JSON list of the result, and of an error when there is one: `["starting"]`,
/// `[null, "the session is connected, retry later"]`. The status is 200 either way.
package enum AgentAnswer: Sendable, Hashable {
    case result(JSONValue)
    case failure(String)

    /// What the text of a failure contains when the same call may succeed in a moment.
    package static let retryLater = "retry later"
    package static let contentType = "application/json"
    /// The longest answer a caller reads, in bytes.
    package static let lengthMax = 65_536

    /// The answer of `ping`.
    package static let alive = AgentAnswer.result(.number("1"))

    package static func state(_ state: GuestSessionState) -> AgentAnswer { .result(.string(state.rawValue)) }

    /// The body.
    package var encoded: String {
        switch self {
        case .result(let value): JSONValue.array([value]).encoded
        case .failure(let text): JSONValue.array([.null, .string(text)]).encoded
        }
    }

    /// Reads a body. An error that is null, false or empty is none.
    package init(decoding body: [UInt8]) throws(GuestProtocolError) {
        guard body.count <= Self.lengthMax else {
            throw GuestProtocolError("agent answer", "longer than \(Self.lengthMax) bytes")
        }
        let value: JSONValue
        do {
            value = try JSONValue(decoding: body)
        } catch {
            throw GuestProtocolError("JSON", error.detail)
        }
        guard case .array(let parts) = value, (1...2).contains(parts.count) else {
            throw GuestProtocolError("agent answer", "not a list of a result and perhaps an error")
        }
        switch parts.count == 2 ? parts[1] : .null {
        case .null, .bool(false), .string(""): self = .result(parts[0])
        case .string(let text): self = .failure(text)
        case let other: self = .failure(other.encoded)
        }
    }

    /// The session state in the answer of `x_state` or `x_start`; nil when it is something else.
    package var sessionState: GuestSessionState? {
        guard case .result(.string(let text)) = self else { return nil }
        return GuestSessionState(rawValue: text)
    }

    /// Whether this is a failure that asks to be tried again.
    package var isBusy: Bool {
        guard case .failure(let text) = self else { return false }
        return text.lowercased().contains(Self.retryLater)
    }
}

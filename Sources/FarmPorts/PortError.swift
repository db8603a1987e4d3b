/// How a call on a port failed. Every port throws this one type, so that every caller handles the same three
/// certainties about what happened to the world.
package struct PortError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What is known about the effect.
    package enum Effect: String, Sendable, Hashable {
        /// It did not happen: the other side said no.
        case rejected
        /// It did not happen: nothing was sent.
        case unreachable
        /// It may have happened: no answer came in time.
        case outcomeUnknown
    }

    package enum Reason: String, Sendable, Hashable {
        case alreadyExists, notFound, busy, noSpace, invalid, corrupt, denied, stale, limit, timedOut, unavailable
        /// The caller's own process incarnation is gone (simulator) or is being ended.
        case cancelled
    }

    package var effect: Effect
    package var reason: Reason
    /// What was being done, to which object: `creating tap q1a2b3c-01-000a`.
    package var attempt: String
    /// Why it failed, with the outside system's own words and numbers; what to do, when that is known.
    package var detail: String

    package init(_ effect: Effect, _ reason: Reason, attempt: String, detail: String) {
        self.effect = effect
        self.reason = reason
        self.attempt = attempt
        self.detail = detail
    }

    package var description: String { "\(attempt): \(detail)" }
}

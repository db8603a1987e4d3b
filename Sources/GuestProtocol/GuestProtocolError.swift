/// A message that is not what the protocol says. `what` names the message, `detail` the place and the reason;
/// neither repeats a value that might be secret.
package struct GuestProtocolError: Error, Sendable, Hashable, CustomStringConvertible {
    package var what: String
    package var detail: String

    package init(_ what: String, _ detail: String) {
        self.what = what
        self.detail = detail
    }

    package var description: String { "\(what): \(detail)" }
}

/// Why the client gives up: told to the user, and its exit status.
struct ClientFailure: Error, CustomStringConvertible {
    enum Kind: Int32 {
        case failed = 1
        case loginRefused = 2
        case certificateRefused = 3
        case takenOver = 4
        case interrupted = 130
    }

    let kind: Kind
    let description: String
    /// Whether another try may help by itself.
    let isPassing: Bool

    init(_ description: String, kind: Kind = .failed, isPassing: Bool = false) {
        self.description = description
        self.kind = kind
        self.isPassing = isPassing
    }

    /// The words without their full stop, for a sentence that goes on.
    var clause: Substring { description.hasSuffix(".") ? description.dropLast() : description[...] }
}

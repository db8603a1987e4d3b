/// How a session ended, and whether another connect may bring it back.
enum SessionEnd: Sendable, Equatable {
    /// The user closed the window, or the picture was taken.
    case finished
    /// Another client of the same user has it now.
    case takenOver(String)
    /// The desktop itself ended it.
    case endedByGuest(String)
    /// The line broke, or the server went away.
    case lost(String)

    /// From the words of `/qvd/session_end`.
    init(cause: String, text: String) {
        switch cause {
        case "takenOver": self = .takenOver(text)
        case "guestClosed": self = .endedByGuest(text)
        case "clientClosed": self = .finished
        default: self = .lost(text)
        }
    }
}

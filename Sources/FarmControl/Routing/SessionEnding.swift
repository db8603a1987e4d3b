package import FarmModel

/// Why a connect or a session is over.
package struct SessionEnding: Sendable, Hashable {
    package enum Cause: String, Sendable, Hashable {
        /// Never became a session.
        case refused, clientLeft, failed
        /// Was a session.
        case clientClosed, clientVanished, guestClosed
        /// Either.
        case takenOver, routerStopped
    }

    package var cause: Cause
    /// In words, for the user.
    package var text: String
    /// What the client is still owed: nil once a session streamed or when the client is gone.
    package var answer: RouterAnswer?

    package init(_ cause: Cause, _ text: String, answer: RouterAnswer? = nil) {
        self.cause = cause
        self.text = text
        self.answer = answer
    }

    /// What a client is told to whom the session never came.
    package var refusal: RouterAnswer {
        .notAvailable(String(text.prefix(1).lowercased() + text.dropFirst().dropLast()))
    }
}

/// The endings of the newest sessions, so that a client that was cut can be told why. Bounded.
package struct SessionEndings: Sendable {
    package let countMax: Int
    private var endings: [SessionToken: (user: LoginName, ending: SessionEnding)] = [:]
    /// A ring of the tokens, oldest at `oldest` once it is full.
    private var order: [SessionToken] = []
    private var oldest = 0

    package init(countMax: Int = 1000) { self.countMax = countMax }

    package var count: Int { endings.count }

    package mutating func add(_ ending: SessionEnding, of token: SessionToken, user: LoginName) {
        if endings.updateValue((user, ending), forKey: token) != nil { return }
        if order.count < countMax {
            order.append(token)
        } else {
            endings[order[oldest]] = nil
            order[oldest] = token
            oldest = (oldest + 1) % countMax
        }
    }

    /// Nil when it is not known, or was another user's.
    package func ending(of token: SessionToken, user: LoginName) -> SessionEnding? {
        guard let known = endings[token], known.user.key == user.key else { return nil }
        return known.ending
    }
}

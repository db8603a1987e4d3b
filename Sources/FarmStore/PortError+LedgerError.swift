import FarmModel
package import FarmPorts
package import FarmRules

extension PortError {
    /// A rule's error, as every port but `Administration` says it; one of the rows keeps its own effect and reason.
    package init(_ error: LedgerError, attempt: String) {
        switch error {
        case .stale(let attempt, let detail): self.init(.rejected, .stale, attempt: attempt, detail: detail)
        case .notFound(let attempt, let detail): self.init(.rejected, .notFound, attempt: attempt, detail: detail)
        case .rows(let error):
            guard var error = error as? PortError else {
                self.init(.outcomeUnknown, .unavailable, attempt: attempt, detail: "\(error)")
                return
            }
            error.attempt = "\(attempt): \(error.attempt)"
            self = error
        case .refused(let refusal):
            let reason: Reason =
                switch refusal.reason {
                case .notFound: .notFound
                case .alreadyExists: .alreadyExists
                case .blocked, .noNode, .notAllowed: .denied
                case .inUse, .notStopped: .busy
                case .rangeIsFull: .limit
                case .invalid, .ambiguous: .invalid
                }
            self.init(.rejected, reason, attempt: attempt, detail: refusal.description)
        }
    }
}

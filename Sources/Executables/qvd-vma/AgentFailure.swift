/// What the agent could not do, in words for the person who reads the router's answer or the guest's console:
/// what was attempted, on which object, why. Never with a secret.
struct AgentFailure: Error, Sendable, CustomStringConvertible {
    let description: String

    init(_ description: String) { self.description = description }

    /// A call of the system that failed, with its errno as a number and in words.
    init(_ attempt: String, errno code: Int32) {
        description = "\(attempt): \(SystemCall.text(of: code)) (errno \(code))"
    }
}

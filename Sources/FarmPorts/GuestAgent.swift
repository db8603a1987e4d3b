package import FarmModel

/// The agent inside a VM (VMA).
///
/// - Every call is bounded in time by the adapter. A guest that takes no connection, because there is none at the
///   address, its machine stands still or its agent does not listen, is `unreachable`. One that took the call and does
///   not answer, or not wholly, leaves the outcome unknown.
/// - A cancelled caller does not wait for the answer; for a connection it waits as long as the limit.
/// - Whoever does not show the VM's secret is `denied` everything. No error tells the secret.
/// - Every call may be repeated: it is answered as before, and what has happened does not happen again.
package protocol GuestAgent: Sendable {
    func ping(_ guest: AgentEndpoint) async throws(PortError)
    /// Starts or resumes the X session (`x_start`). Rejected with `.busy` when the agent says to retry later: while a
    /// client is connected, which suspends the session, and while one is waited for that asked with other parameters,
    /// whose session is given up; it is kept, suspended, if a client ever saw it.
    func startSession(_ guest: AgentEndpoint, parameters: [String: String]) async throws(PortError)
    func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState
    /// No error when there is none to suspend.
    func suspendSession(_ guest: AgentEndpoint) async throws(PortError)
    /// No error when there is none.
    func stopSession(_ guest: AgentEndpoint) async throws(PortError)
    func powerOff(_ guest: AgentEndpoint) async throws(PortError)
}

package import FarmModel

/// The agent inside a VM (VMA). Every call is bounded in time by the adapter.
package protocol GuestAgent: Sendable {
    func ping(_ guest: AgentEndpoint) async throws(PortError)
    /// Starts or resumes the X session (`x_start`). Rejected with `.busy` when the agent says to retry later.
    func startSession(_ guest: AgentEndpoint, parameters: [String: String]) async throws(PortError)
    func sessionState(_ guest: AgentEndpoint) async throws(PortError) -> GuestSessionState
    func suspendSession(_ guest: AgentEndpoint) async throws(PortError)
    func stopSession(_ guest: AgentEndpoint) async throws(PortError)
    func powerOff(_ guest: AgentEndpoint) async throws(PortError)
}

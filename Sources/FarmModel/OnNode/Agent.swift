/// Where a VM's agent answers.
package struct AgentEndpoint: Sendable, Hashable {
    package var address: IPv4Address
    /// 3030 (the original's `internal.vm.port.vma`).
    package var port: Int
    /// Nil for guests of the original, whose agent asks for none.
    package var secret: AgentSecret?

    package init(address: IPv4Address, port: Int = 3030, secret: AgentSecret?) {
        self.address = address
        self.port = port
        self.secret = secret
    }
}

/// The X session inside a VM, as its agent reports it (`x_state`).
package enum GuestSessionState: String, Sendable, Hashable, Codable, CaseIterable {
    case stopped, starting, provisioning, listening, connected, suspending, suspended, stopping
}

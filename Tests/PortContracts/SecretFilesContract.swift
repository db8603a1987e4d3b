import FarmModel
package import FarmPorts

/// What the contract suite of secret files needs around the port, which holds none at first.
package protocol SecretFilesFixture: Sendable {
    associatedtype Port: SecretFiles

    var port: Port { get }
    /// The file's text, and nil when there is no such file.
    func text(at path: String) async throws -> String?
    /// Whether only the owner can read the file and list its folder (0600 in 0711 or less).
    func isPrivate(_ path: String) async throws -> Bool
}

/// The promises of `SecretFiles`.
package struct SecretFilesContract<Fixture: SecretFilesFixture>: Sendable {
    let fixture: Fixture
    var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a secret is handed over and replaced") { try await secretIsHandedOver() },
            ContractCheck("secrets are listed and removed") { try await secretsAreListed() },
        ]
    }

    func secretIsHandedOver() async throws {
        for text in ["0123456789abcdef0123456789abcdef", "fedcba9876543210"] {
            let path = try await port.hand(AgentSecret(text), to: VMID(1))
            try require(try await fixture.text(at: path) == text, "the file does not hold the secret")
            try require(try await fixture.isPrivate(path), "\(path) can be read by others")
        }
        try requireEqual(try await port.observe(), [VMID(1)], "VMs with a secret")
        try await port.remove(of: VMID(1))
    }

    func secretsAreListed() async throws {
        var paths: [String] = []
        for vm in [VMID(10), VMID(9), VMID(2)] {
            paths.append(try await port.hand(AgentSecret("secret of \(vm)"), to: vm))
        }
        try requireEqual(try await port.observe(), [VMID(2), VMID(9), VMID(10)], "VMs with a secret")
        try requireEqual(Set(paths).count, 3, "different paths")
        for vm in [VMID(2), VMID(9), VMID(10)] {
            try await port.remove(of: vm)
            try await port.remove(of: vm)
        }
        try requireEqual(try await port.observe(), [], "VMs with a secret at the end")
        for path in paths { try require(try await fixture.text(at: path) == nil, "\(path) is still there") }
    }
}

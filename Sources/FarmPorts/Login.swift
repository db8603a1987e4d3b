package import FarmModel

/// Lets users in. What stands behind it holds the passwords; whoever asks sees grants only.
package protocol Authenticator: Sendable {
    /// Unknown and blocked users, unknown and blocked tenants and wrong passwords are refused alike, after the same
    /// work. Throws when it could not be checked, which is neither right nor wrong: `.limit` when too many log in,
    /// `.unavailable` when the accounts cannot be read, `.busy` when passwords cannot be checked now.
    func logIn(_ login: LoginAttempt) async throws(PortError) -> LoginAnswer

    /// The grant is good for nothing from now on. Idempotent.
    func giveBack(_ grant: Grant) async
}

package struct LoginAttempt: Sendable, Hashable, CustomStringConvertible {
    package let name: LoginName
    /// Never printed.
    package let password: String
    /// The client's address, without port.
    package let peer: String

    package init(name: LoginName, password: String, peer: String) {
        self.name = name
        self.password = password
        self.peer = peer
    }

    package var description: String { "\(name) from \(peer)" }
}

package enum LoginAnswer: Sendable, Hashable {
    case granted(Grant)
    case refused
    /// Too many attempts of this user or from this address: so long nothing is checked.
    case tooMany(retryAfter: Duration)
}

/// What a router does for users who logged in, each named by their grant. A VM that is not theirs is, to them, a VM
/// that does not exist. `.denied` for a grant that was given back or never given.
package protocol GrantedDesktops: Sendable {
    /// The user's VMs, sorted by id.
    func desktops(_ grant: Grant) async throws(PortError) -> [VirtualMachine]

    /// Nil when there is no such VM of theirs.
    func desktop(_ vm: VMID, _ grant: Grant) async throws(PortError) -> DesktopView?

    /// As `Desktops.requestStart`; `.notFound` when the VM is not theirs.
    func requestStart(_ vm: VMID, _ grant: Grant) async throws(PortError) -> NodeID

    /// As `Desktops.requestStop`; `.notFound` when the VM is not theirs.
    func requestStop(_ vm: VMID, _ grant: Grant) async throws(PortError)

    /// As `SessionClaims.claim`; `.notFound` when the VM is not theirs.
    func claim(_ session: Session, _ grant: Grant) async throws(PortError) -> SessionClaim

    /// As `SessionClaims.takeOver`; `.notFound` when the VM is not theirs.
    func takeOver(_ session: Session, from marked: SessionToken, _ grant: Grant) async throws(PortError) -> SessionClaim
}

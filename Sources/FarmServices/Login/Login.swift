import FarmControl
package import FarmModel
package import FarmPorts
import Logging
import TextEncodings

/// Lets users in and acts for them: checks passwords, keeps who holds which grant, and asks the store for what a grant
/// allows. It alone sees password hashes and knows users by number; routers name grants.
package actor Login: Authenticator {
    private let configuration: LoginConfiguration
    private let ports: LoginPorts
    private let queue: PasswordQueue
    private var limiter: LoginLimiter
    /// A hash of nothing in particular, checked for users that do not exist so that they take as long as others.
    private var decoyHash: String?
    private var holders = GrantHolders()

    package init(configuration: LoginConfiguration = LoginConfiguration(), ports: LoginPorts) {
        self.configuration = configuration
        self.ports = ports
        limiter = configuration.limiter
        queue = PasswordQueue(
            activeMax: configuration.passwordChecksMax, waitingMax: configuration.passwordChecksWaitingMax)
    }

    /// Makes what the first login would have to wait for. Without it that login makes it.
    package func prepare() async {
        do throws(PortError) {
            _ = try await makeDecoyHash()
        } catch {
            ports.log.warning("no decoy hash yet; the first login makes one", metadata: ["error": "\(error)"])
        }
    }

    // MARK: Logging in

    package func logIn(_ login: LoginAttempt) async throws(PortError) -> LoginAnswer {
        let metadata: Logger.Metadata = ["user": "\(login.name)", "peer": "\(login.peer)"]
        guard holders.count < configuration.grantsMax else {
            throw PortError(
                .rejected, .limit, attempt: "logging \(login.name) in",
                detail: "\(holders.count) users are logged in, which is the most")
        }
        if let wait = limiter.begin(login.name, from: login.peer, at: ports.clock.now) {
            ports.log.warning("login refused: too many failures", metadata: metadata)
            return .tooMany(retryAfter: wait)
        }
        let account: Account?
        let isRight: Bool
        do throws(PortError) {
            account = try await readAccount(login.name)
            isRight = try await check(login.password, of: account)
        } catch {
            // Nobody knows whether the password was right, so it is neither refused nor counted as a guess.
            limiter.abandoned(login.name)
            ports.log.error("login not checked", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            throw error
        }
        guard isRight, let account, !account.user.isBlocked, !account.tenant.isBlocked else {
            limiter.failed(from: login.peer, at: ports.clock.now)
            ports.log.notice("login refused", metadata: metadata)
            return .refused
        }
        limiter.succeeded(login.name)
        let grant = Grant(token: Hexadecimal.text(ports.random.bytes(16)), name: login.name)
        holders.add(grant, of: account.user.id)
        return .granted(grant)
    }

    package func giveBack(_ grant: Grant) { holders.remove(grant) }

    private func readAccount(_ name: LoginName) async throws(PortError) -> Account? {
        do throws(PortError) {
            return try await ports.desktops.account(name)
        } catch {
            throw PortError(error.effect, .unavailable, attempt: error.attempt, detail: error.detail)
        }
    }

    /// - Throws: when it could not be checked; for a user that does not exist whenever it would for another.
    private func check(_ password: String, of account: Account?) async throws(PortError) -> Bool {
        guard await queue.enter() else {
            throw PortError(
                .rejected, .limit, attempt: "checking a password",
                detail: "\(configuration.passwordChecksWaitingMax) others are waiting already; try again")
        }
        let isRight: Result<Bool, PortError>
        do throws(PortError) {
            if let hash = account?.passwordHash {
                isRight = .success(try await ports.passwords.verify(password, against: hash))
            } else {
                _ = try await ports.passwords.verify(password, against: try await makeDecoyHash())
                isRight = .success(false)
            }
        } catch {
            isRight = .failure(PortError(error.effect, .busy, attempt: error.attempt, detail: error.detail))
        }
        await queue.leave()
        return try isRight.get()
    }

    private func makeDecoyHash() async throws(PortError) -> String {
        if let decoyHash { return decoyHash }
        let hash = try await ports.passwords.hash(Hexadecimal.text(ports.random.bytes(16)))
        decoyHash = hash
        return hash
    }
}

// MARK: Acting for users

extension Login: GrantedDesktops {
    package func desktops(_ grant: Grant) async throws(PortError) -> [VirtualMachine] {
        try await ports.desktops.desktops(of: try user(of: grant, "reading their VMs"))
    }

    package func desktop(_ vm: VMID, _ grant: Grant) async throws(PortError) -> DesktopView? {
        let user = try user(of: grant, "reading VM \(vm)")
        guard let view = try await ports.desktops.desktop(vm), view.vm.user == user else { return nil }
        holders.note(vm, of: grant)
        return view
    }

    package func requestStart(_ vm: VMID, _ grant: Grant) async throws(PortError) -> NodeID {
        try await checkIsTheirs(vm, grant, "starting VM \(vm)")
        return try await ports.desktops.requestStart(vm, by: "user \(grant.name)")
    }

    package func requestStop(_ vm: VMID, _ grant: Grant) async throws(PortError) {
        try await checkIsTheirs(vm, grant, "stopping VM \(vm)")
        try await ports.desktops.requestStop(vm, by: "user \(grant.name)")
    }

    package func claim(_ session: Session, _ grant: Grant) async throws(PortError) -> SessionClaim {
        try await checkIsTheirs(session.vm, grant, "beginning a session with VM \(session.vm)")
        return try await ports.claims.claim(session)
    }

    package func takeOver(
        _ session: Session, from marked: SessionToken, _ grant: Grant
    ) async throws(PortError) -> SessionClaim {
        try await checkIsTheirs(session.vm, grant, "taking VM \(session.vm) over")
        return try await ports.claims.takeOver(session, from: marked)
    }

    /// Whose a VM is never changes, so what was seen once need not be read again.
    private func checkIsTheirs(_ vm: VMID, _ grant: Grant, _ attempt: String) async throws(PortError) {
        let user = try user(of: grant, attempt)
        if holders.isKnown(vm, of: grant) { return }
        guard try await ports.desktops.desktop(vm)?.vm.user == user else {
            throw PortError(
                .rejected, .notFound, attempt: "\(attempt) for \(grant.name)", detail: "they have no such VM")
        }
        holders.note(vm, of: grant)
    }

    private func user(of grant: Grant, _ attempt: String) throws(PortError) -> UserID {
        guard let user = holders.user(of: grant) else {
            throw PortError(
                .rejected, .denied, attempt: "\(attempt) for \(grant.name)",
                detail: "the login is over; they must log in again")
        }
        return user
    }
}

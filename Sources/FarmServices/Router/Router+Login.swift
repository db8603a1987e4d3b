import FarmControl
import FarmModel
import FarmPorts
import Logging
import TextEncodings

extension Router {
    /// Who sent the request, or the answer that refuses it. Unknown and blocked users, unknown and blocked
    /// tenants and wrong passwords get the same answer after the same work.
    func authenticate(_ request: ClientRequest) async -> Result<ConnectMachine.Visitor, RouterAnswer> {
        guard let header = request.header("Authorization"),
            let credentials = BasicCredentials(header: header),
            let name = LoginName(credentials.login)
        else { return .failure(.loginRefused) }

        let log = ports.log
        let metadata: Logger.Metadata = ["user": "\(name)", "peer": "\(request.peer)"]
        if let wait = limiter.begin(name, from: request.peer, at: ports.clock.now) {
            log.warning("login refused: too many failures", metadata: metadata)
            return .failure(.loginsExhausted(retryAfter: wait))
        }
        let account: Account?
        do throws(PortError) {
            account = try await ports.desktops.account(name)
        } catch {
            limiter.abandoned(name)
            log.error("login not checked", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            return .failure(.serverFailed("its database does not answer"))
        }
        let isRight: Bool
        do throws(PortError) {
            isRight = try await check(credentials.password, of: account)
        } catch {
            // Nobody knows whether the password was right, so it is neither refused nor counted as a guess.
            limiter.abandoned(name)
            log.error("login not checked", metadata: metadata.merging(["error": "\(error)"]) { $1 })
            return .failure(
                .serverFailed(
                    error.reason == .limit ? "too many users are logging in" : "passwords cannot be checked now"))
        }
        guard isRight, let account, !account.user.isBlocked, !account.tenant.isBlocked else {
            limiter.failed(from: request.peer, at: ports.clock.now)
            log.notice("login refused", metadata: metadata)
            return .failure(.loginRefused)
        }
        limiter.succeeded(name)
        return .success(ConnectMachine.Visitor(user: account.user.id, name: name))
    }

    /// - Throws: when it could not be checked; for a user that does not exist whenever it would for another.
    private func check(_ password: String, of account: Account?) async throws(PortError) -> Bool {
        guard await passwordQueue.enter() else {
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
            isRight = .failure(error)
        }
        await passwordQueue.leave()
        return try isRight.get()
    }

    func makeDecoyHash() async throws(PortError) -> String {
        if let decoyHash { return decoyHash }
        let hash = try await ports.passwords.hash(Hexadecimal.text(ports.random.bytes(16)))
        decoyHash = hash
        return hash
    }
}

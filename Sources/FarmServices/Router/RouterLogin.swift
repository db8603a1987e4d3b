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
        guard let isRight = await check(credentials.password, of: account) else {
            limiter.abandoned(name)
            log.warning("login not checked: too many at once", metadata: metadata)
            return .failure(.serverFailed("too many users are logging in"))
        }
        guard isRight, let account, !account.user.isBlocked, !account.tenant.isBlocked else {
            limiter.failed(from: request.peer, at: ports.clock.now)
            log.notice("login refused", metadata: metadata)
            return .failure(.loginRefused)
        }
        limiter.succeeded(name)
        return .success(ConnectMachine.Visitor(user: account.user.id, name: name))
    }

    /// Nil when it could not be checked.
    private func check(_ password: String, of account: Account?) async -> Bool? {
        guard await passwordQueue.enter() else { return nil }
        let isRight: Bool
        if let hash = account?.passwordHash {
            isRight = await ports.passwords.verify(password, against: hash)
        } else {
            isRight = false
            if let decoy = await makeDecoyHash() {
                _ = await ports.passwords.verify(password, against: decoy)
            }
        }
        await passwordQueue.leave()
        return isRight
    }

    func makeDecoyHash() async -> String? {
        if let decoyHash { return decoyHash }
        do throws(PortError) {
            let hash = try await ports.passwords.hash(Hexadecimal.text(ports.random.bytes(16)))
            decoyHash = hash
            return hash
        } catch {
            ports.log.warning("no decoy hash", metadata: ["error": "\(error)"])
            return nil
        }
    }
}

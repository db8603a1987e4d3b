import FarmControl
import FarmModel
import FarmPorts

// Who sends a request: asked of the `Authenticator`, and given back when the request is over.
extension Router {
    /// Carries out what needs a login, or refuses it.
    func asUser(
        _ request: ClientRequest, _ body: (Grant) async -> RouterAnswer?
    ) async -> RouterAnswer? {
        switch await logIn(request) {
        case .failure(let answer): return answer
        case .success(let grant):
            let answer = await body(grant)
            await ports.authenticator.giveBack(grant)
            return answer
        }
    }

    /// A grant, which the caller gives back, or the answer that refuses the request.
    func logIn(_ request: ClientRequest) async -> Result<Grant, RouterAnswer> {
        guard let header = request.header("Authorization"),
            let credentials = BasicCredentials(header: header),
            let name = LoginName(credentials.login)
        else { return .failure(.loginRefused) }
        do throws(PortError) {
            let login = LoginAttempt(name: name, password: credentials.password, peer: request.peer)
            switch try await ports.authenticator.logIn(login) {
            case .granted(let grant): return .success(grant)
            case .refused: return .failure(.loginRefused)
            case .tooMany(let wait): return .failure(.loginsExhausted(retryAfter: wait))
            }
        } catch {
            switch error.reason {
            case .limit: return .failure(.serverFailed("too many users are logging in"))
            case .unavailable: return .failure(.serverFailed("its database does not answer"))
            default: return .failure(.serverFailed("passwords cannot be checked now"))
            }
        }
    }
}

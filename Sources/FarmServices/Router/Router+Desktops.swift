import FarmControl
import FarmModel
import FarmPorts
import Logging
import TextEncodings

// The requests that are answered without a session.
extension Router {
    /// For load balancers: whether clients should be sent here.
    func ping() async -> RouterAnswer {
        await readNode { $0.isBlocked ? .nodeBlocked : $0.state == .running ? nil : .nodeNotRunning }
            ?? RouterAnswer(200, "I am alive!")
    }

    func checkLogin(of request: ClientRequest) async -> RouterAnswer {
        await asUser(request) { _ in .json("{}") } ?? .loginRefused
    }

    /// The user's VMs: `[{"id":1,"state":"running","name":"desk","blocked":0,"is_application":0}]`.
    func listDesktops(for request: ClientRequest) async -> RouterAnswer {
        await list(for: request) { vms in
            vms.map { vm in
                .object([
                    .init("id", .integer(vm.id.rawValue)),
                    .init("state", .string(vm.observation.state.rawValue)),
                    .init("name", .string(vm.name)), .init("blocked", .integer(vm.isBlocked ? 1 : 0)),
                    .init("is_application", .integer(0)),
                ])
            }
        }
    }

    /// There are no single applications: always an empty list.
    func listApplications(for request: ClientRequest) async -> RouterAnswer {
        await list(for: request) { _ in [] }
    }

    private func list(
        for request: ClientRequest, _ items: ([VirtualMachine]) -> [JSONValue]
    ) async -> RouterAnswer {
        let refusal = await readNode {
            $0.isBlocked ? .nodeBlocked : $0.state == .running ? nil : .nodeNotRunning
        }
        if let refusal { return refusal }
        return await asUser(request) { grant in
            do throws(PortError) {
                return .json(JSONValue.array(items(try await self.ports.desktops.desktops(grant))).encoded)
            } catch {
                self.ports.log.error("VMs not listed", metadata: ["error": "\(error)"])
                return .serverFailed("its database does not answer")
            }
        } ?? .loginRefused
    }

    /// `/qvd/session_end?session=TOKEN`: why a session of this user ended:
    /// `{"cause":"takenOver","text":"..."}`. 404 when it is unknown, 409 while it lasts.
    func explainEnding(to request: ClientRequest) async -> RouterAnswer {
        await asUser(request) { self.ending(of: request.parameter("session") ?? "", asked: $0.name) }
            ?? .loginRefused
    }

    private func ending(of session: String, asked name: LoginName) -> RouterAnswer {
        let parts = session.split(separator: "/")
        guard parts.count == 2, let number = Int64(parts[1]) else {
            return RouterAnswer(422, "The parameter session must be the X-QVD-Session of an earlier answer.")
        }
        let token = SessionToken(router: String(parts[0]), number: number)
        let machine = connects[token].map(\.machine).flatMap { $0.grant?.name.key == name.key ? $0 : nil }
        if let ending = endings.ending(of: token, user: name) ?? machine?.ending {
            return .json(
                JSONValue.object([
                    .init("cause", .string(ending.cause.rawValue)), .init("text", .string(ending.text)),
                ]).encoded)
        }
        return machine == nil
            ? RouterAnswer(404, "This session is not known here.") : RouterAnswer(409, "This session is not over.")
    }

    /// Stops a VM of the user and answers when it is stopped.
    func stopDesktop(_ exchange: any ClientExchange) async {
        let answer = await withTaskGroup(of: RouterAnswer?.self) { group in
            group.addTask { await self.stop(exchange) }
            group.addTask {
                await exchange.clientGone()
                return nil
            }
            let first = await group.next()
            group.cancelAll()
            return first ?? nil
        }
        if let answer { await respond(exchange, answer) }
    }

    private func stop(_ exchange: any ClientExchange) async -> RouterAnswer? {
        await asUser(exchange.request) { await self.stop(exchange, $0) }
    }

    private func stop(_ exchange: any ClientExchange, _ grant: Grant) async -> RouterAnswer? {
        if let refusal = await readNode({ $0.isBlocked ? .nodeBlocked : nil }) { return refusal }
        let vm: VMID
        do throws(RouterAnswer) {
            vm = try ConnectRequest.vm(in: exchange.request.query.map { ($0.name, $0.value) })
        } catch {
            return error
        }
        do throws(PortError) {
            return try await stop(vm, grant, exchange)
        } catch {
            ports.log.error("VM not stopped", metadata: ["vm": "\(vm)", "error": "\(error)"])
            return .notAvailable("the server's database does not answer")
        }
    }

    private func stop(
        _ vm: VMID, _ grant: Grant, _ exchange: any ClientExchange
    ) async throws(PortError) -> RouterAnswer? {
        let deadline = ports.clock.now.advanced(by: configuration.limits.stop)
        var hasAsked = false
        while !Task.isCancelled {
            let seen = news.count
            let facts = try await ports.desktops.desktop(vm, grant).map { DesktopFacts($0.vm) }
            switch StopStep(for: facts, hasAsked: hasAsked) {
            case .done: return RouterAnswer(200, "Machine stopped")
            case .refuse(let answer): return answer
            case .ask:
                try await exchange.progress("Stopping the virtual machine")
                try await ports.desktops.requestStop(vm, grant)
                ports.log.info("VM stop requested", metadata: ["vm": "\(vm)", "user": "\(grant.name)"])
                hasAsked = true
            case .wait:
                hasAsked = true
                guard ports.clock.now < deadline else {
                    return RouterAnswer(408, "The virtual machine did not stop in time, retry later.")
                }
                await pause(
                    until: ports.clock.now.advanced(by: configuration.limits.storePoll), for: .vm(vm), seen: seen,
                    hasLooked: true, limit: deadline)
            }
        }
        return nil
    }

    /// What `refusal` makes of this node, or 503 when it cannot be read or is not registered.
    private func readNode(_ refusal: (NodeStanding) -> RouterAnswer?) async -> RouterAnswer? {
        do throws(PortError) {
            return refusal(try await ports.nodes.standing(ofNode: configuration.nodeName))
        } catch {
            ports.log.error("node not read", metadata: ["error": "\(error)"])
            return error.reason == .notFound
                ? .serverFailed("it is not registered") : .serverFailed("its database does not answer")
        }
    }
}

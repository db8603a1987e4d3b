import FarmModel
import FarmPorts
import PortContracts

/// One call on a store and its answer as text, in which two stores can be compared.
enum RandomOperation {
    case reportState(NodeID, NodeState, WallTime)
    case desiredState(NodeID, [VMID])
    case reservations
    case report(Observation, VMID, NodeID, Epoch)
    case release(VMID, NodeID, Epoch, Int64, String?, WallTime)
    case begin(AgentSecret, VMID, NodeID, Epoch)
    case read(VMID, UserID, LoginName)
    case requestStart(VMID, String)
    case requestStop(VMID, String)
    case claim(Session)
    case markConnected(SessionToken, VMID, WallTime)
    case end(SessionToken, VMID)
    case takeOver(Session, SessionToken)
    case endEarlier(RouterPlace, String)
    case find(FarmNoun, String, TenantID?)
    case list(FarmNoun, TenantID?, ListPage)
    /// Fails with these words, or is done.
    case deletion(UserDiskID, NodeID, String?, WallTime)
    case apply(AdministrationCommand, Actor, RequestID?, WallTime)

    /// Begins with `!` when the store said no.
    func perform(on store: any StoreContract.Store) async -> String {
        do {
            return try await answer(of: store)
        } catch {
            return "! \(error.effect) \(error.reason) \(error)"
        }
    }

    private func answer(of store: any StoreContract.Store) async throws(PortError) -> String {
        switch self {
        case .reportState(let node, let state, let time): try await store.reportState(of: node, state, at: time)
        case .desiredState(let node, let vms):
            let desired = try await store.desiredState(of: node, about: vms)
            return "\(desired.node) \(desired.assignments) \(desired.elsewhere) \(desired.asked.sorted())"
                + " \(desired.abandoned) \(desired.diskDeletions) \(desired.revision)"
                + " \(try await store.abandonedDomains(on: node))"
        case .reservations:
            return "\(try await store.reservations())"
        case .report(let observation, let vm, let node, let epoch):
            try await store.report(observation, of: vm, by: node, epoch: epoch)
        case .release(let vm, let node, let epoch, let request, let error, let time):
            try await store.release(vm, by: node, epoch: epoch, request: request, error: error, at: time)
        case .begin(let secret, let vm, let node, let epoch):
            return "\(try await store.begin(vm, by: node, epoch: epoch, secret: secret))"
        case .read(let vm, let user, let login):
            let view = try await store.desktop(vm)
            // A dictionary's own description has no fixed order.
            let properties = (view?.properties ?? [:]).sorted { $0.key < $1.key }
            let text = view.map { "\($0.vm) \($0.secret?.text ?? "") \(properties) \(String(describing: $0.session))" }
            return "\(text ?? "")"
                + " \(try await store.desktops(of: user)) \(String(describing: try await store.account(login)))"
                + " \(try await store.wantedOrConnecting(router: "r1"))"
        case .requestStart(let vm, let actor): return "on \(try await store.requestStart(vm, by: actor))"
        case .requestStop(let vm, let actor): try await store.requestStop(vm, by: actor)
        case .claim(let session): return "\(try await store.claim(session))"
        case .markConnected(let token, let vm, let time): try await store.markConnected(token, vm: vm, at: time)
        case .end(let token, let vm): try await store.end(token, vm: vm)
        case .takeOver(let session, let marked): return "\(try await store.takeOver(session, from: marked))"
        case .endEarlier(let place, let router): try await store.endEarlier(at: place, than: router)
        case .find(let noun, let text, let tenant): return "\(try await store.find(noun, text, in: tenant))"
        case .list(let noun, let tenant, let page): return try await list(noun, tenant, page, store)
        case .deletion(let disk, let node, let words, let time):
            let isWanted = try await store.confirmDeletion(of: disk, by: node, at: time)
            let before = try await store.diskDeletions()
            if let words {
                try await store.reportDeletionFailure(of: disk, words)
            } else {
                try await store.reportDeletion(of: disk, by: node, at: time)
            }
            return "\(isWanted) \(before) \(try await store.diskDeletions())"
        case .apply(let command, let actor, let request, let time):
            switch try await store.apply(command, by: actor, request: request, at: time) {
            case .success(let result): return "\(result)"
            case .failure(let refusal): return "! \(refusal.reason) \(refusal.subject) \(refusal)"
            }
        }
        return "done"
    }

    private func list(
        _ noun: FarmNoun, _ tenant: TenantID?, _ page: ListPage, _ store: any StoreContract.Store
    ) async throws(PortError) -> String {
        switch noun {
        case .tenant: return "\(try await store.tenants(TenantFilter(id: tenant), page))"
        case .user: return "\(try await store.users(UserFilter(tenant: tenant), page))"
        case .osf: return "\(try await store.osfs(OSFFilter(tenant: tenant), page))"
        case .image:
            return "\(try await store.images(ImageFilter(tenant: tenant), page))"
                + " \(try await store.images(ImageFilter(osf: OSFID(1), tenant: tenant), page))"
        case .node:
            let counts = try await store.counts()
            let states = counts.vmStates.sorted { $0.key.rawValue < $1.key.rawValue }
            return "\(try await store.nodes(NodeFilter(), page)) \(counts.users) \(counts.sessions) \(states)"
        case .vm:
            return "\(try await store.vms(VMFilter(tenant: tenant), page))"
                + " \(try await store.vms(VMFilter(user: UserID(1)), page))"
                + " \(try await store.vms(VMFilter(tenant: tenant, node: NodeID(1)), page))"
                + " \(try await store.vms(VMFilter(state: .stopped), page))"
                + " \(String(describing: try await store.surroundings(of: VMID(1))))"
        }
    }
}

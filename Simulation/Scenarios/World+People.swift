import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import TextEncodings
import FarmRules

/// What users and administrators of a simulated farm do.
extension World {
    func perform(_ step: Step) {
        note(step.action)
        switch step.action {
        case .connect(let user, let vm, let stays): connect(user, to: vm, stays: stays)
        case .connectWithWrongPassword(let user, let vm):
            connect(user, to: vm, stays: nil, password: "not the password")
        case .list(let user):
            _ = request(user, "/qvd/list_of_vm", vm: nil, password: Self.password(ofUser: user))
        case .disconnect(let user): for client in open(user) { client.exchange.hangUp() }
        case .vanish(let user): for client in open(user) { client.exchange.vanish() }
        case .stopVM(let user, let vm):
            _ = request(user, "/qvd/stop_vm", vm: vm, password: Self.password(ofUser: user))
        case .administer(let action): administer(action)
        }
    }

    /// Counts what the step meets.
    private func note(_ action: Step.Action) {
        switch action {
        case .administer: break
        case .connect(let user, let vm, _):
            let earlier = state.value.clients.filter { $0.user == user && $0.vm == vm && $0.isConnect }
            if owner(ofVM: vm) != user {
                simulation.mark(.askedForForeignVM)
            } else if earlier.contains(where: { $0.exchange.seesNow != nil }) {
                simulation.mark(.tookOver)
            } else if earlier.contains(where: { $0.exchange.seen.value != nil }) {
                simulation.mark(.reconnected)
            }
        case .stopVM(let user, let vm):
            if owner(ofVM: vm) != user { simulation.mark(.askedForForeignVM) }
        case .vanish(let user):
            if open(user).contains(where: { $0.exchange.seesNow != nil }) {
                simulation.mark(.vanishedWhileConnected)
            }
        case .disconnect(let user):
            if open(user).contains(where: { $0.exchange.seesNow == nil }) { simulation.mark(.leftWhileWaiting) }
        case .connectWithWrongPassword, .list: break
        }
        switch action {
        case .administer: simulation.mark(.administrator(ScenarioText.word(action)))
        case .vanish(let user) where open(user).isEmpty: break
        case .disconnect(let user) where open(user).isEmpty: break
        default: simulation.mark(.user(ScenarioText.word(action)))
        }
    }

    /// Whose VM it is; nil when there is none of that number.
    func owner(ofVM number: Int) -> Int? {
        number <= plan.farm.vms
            ? plan.farm.owner(ofVM: number) : store.look { $0.vm(VMID(Int64(number))).map { Int($0.user.rawValue) } }
    }

    private func open(_ user: Int) -> [Client] {
        state.value.clients.filter { $0.user == user && $0.exchange.ending.value == nil }
    }

    /// The user asks for the desktop, and leaves after a while when `stays` says so.
    @discardableResult
    func connect(_ user: Int, to vm: Int, stays: Int64?, password: String? = nil) -> SimulatedClientExchange {
        let exchange = request(
            user, "/qvd/connect_to_vm", vm: vm, password: password ?? Self.password(ofUser: user), isConnect: true)
        if let stays {
            let executor = simulation.executor
            executor.spawn { [self] in
                guard let seen = await exchange.seen.wait() else { return }
                userSaves(in: seen)
                executor.schedule(at: executor.now + stays) { exchange.hangUp() }
            }
        }
        return exchange
    }

    /// A user saves something on the VM's user disk.
    private func userSaves(in vm: VMID) {
        storage.disks.userDisks[vm]?.writes += 1
        simulation.changed(.everything)
    }

    /// The node whose router a user asks: they are dealt out to the nodes in turn.
    private func node(ofUser user: Int) -> FarmNode { nodes[(user - 1) % nodes.count] }

    private func request(
        _ user: Int, _ path: String, vm: Int?, password: String, isConnect: Bool = false
    ) -> SimulatedClientExchange {
        let credentials = Base64.encode(Array("user\(user):\(password)".utf8))
        var headers = [HTTPField("Authorization", "Basic \(credentials)")]
        if isConnect { headers += [HTTPField("Connection", "Upgrade"), HTTPField("Upgrade", "QVD/1.0")] }
        let exchange = SimulatedClientExchange(
            simulation: simulation,
            request: ClientRequest(
                method: "GET", path: path, query: vm.map { [HTTPField("id", "\($0)")] } ?? [], headers: headers,
                peer: "192.0.2.\(user % 250 + 1)"))
        let node = node(ofUser: user)
        let client = Client(
            user: user, vm: vm, node: node.id, began: now, exchange: exchange, isConnect: isConnect)
        // Done requests are forgotten, but for each user's latest.
        if state.value.clients.count > 64 {
            let latest = Dictionary(state.value.clients.enumerated().map { ($1.user, $0) }) { $1 }
            state.value.clients = state.value.clients.enumerated().filter { index, client in
                client.exchange.ending.value == nil || latest[client.user] == index
            }.map(\.element)
        }
        state.value.clients.append(client)
        simulation.note(
            .user, subject: Int64(vm ?? 0), value: Int64(user), words: "user\(user) asks \(path) of VM \(vm ?? 0)")
        if let life = node.life(.router), life.isAlive, let door = node.state.value.door {
            exchange.reach(life, on: node.host)
            door.yield(exchange)
        } else {
            exchange.ending.fire(.broken)
        }
        return exchange
    }

    // MARK: Administrators

    /// Each command is a process of its own, as `qvd` is.
    func administer(_ action: AdministratorAction) {
        let life = simulation.begin(named: "qvd")
        let gate = PortGate(simulation: simulation, incarnation: life, node: nodes[0].id)
        let connection = StoreConnection(store: store, gate: gate)
        let command = self.command(action)
        let clock = SimulatedClock(incarnation: life)
        life.start { [simulation] in
            do throws(PortError) {
                let result = try await connection.apply(
                    command, by: .console(name: "administrator"), at: clock.wallTime)
                simulation.note(.administrator, source: life.source, words: "\(action): \(result)")
            } catch {
                simulation.note(.administrator, source: life.source, words: "\(action): \(error)")
            }
        }
    }

    /// The file is put into the image folder first, as an administrator would.
    private func addImage(_ file: String) -> AdministrationCommand {
        storage.disks.images[file] = HostDisks.Image()
        simulation.changed(.everything)
        return .addImage(osf: OSFID(1), file: file, version: nil, day: "2026-01-02")
    }

    private func command(_ action: AdministratorAction) -> AdministrationCommand {
        switch action {
        case .start(let vm, let node): .startVM(VMID(Int64(vm)), node: node.map { NodeID(Int64($0)) })
        case .stop(let vm): .stopVM(VMID(Int64(vm)))
        case .block(let vm): .setVM(VMID(Int64(vm)), name: nil, tag: nil, isBlocked: true)
        case .unblock(let vm): .setVM(VMID(Int64(vm)), name: nil, tag: nil, isBlocked: false)
        case .delete(let vm): .deleteVM(VMID(Int64(vm)))
        case .deleteWithDisk(let vm): .deleteVM(VMID(Int64(vm)), deletesUserDisk: true)
        case .deleteDisk(let vm): .deleteUserDisk(UserDiskID(vm: VMID(Int64(vm)), storage: .standard))
        case .tag(let vm, let tag): .setVM(VMID(Int64(vm)), name: nil, tag: tag, isBlocked: nil)
        case .addImage(let file): addImage(file)
        case .blockUser(let user): .setUser(UserID(Int64(user)), passwordHash: nil, isBlocked: true)
        case .unblockUser(let user): .setUser(UserID(Int64(user)), passwordHash: nil, isBlocked: false)
        case .addVM(let name, let user):
            .addVM(name: name, user: UserID(Int64(user)), osf: OSFID(1), tag: "default", address: nil)
        case .blockNode(let node): .setNode(NodeID(Int64(node)), isBlocked: true)
        case .drain(let node): .drain(NodeID(Int64(node)))
        case .resume(let node): .resume(NodeID(Int64(node)))
        case .unblockNode(let node): .setNode(NodeID(Int64(node)), isBlocked: false)
        case .setCapacity(let node, let capacity):
            .setNode(
                NodeID(Int64(node)), memory: capacity.memory ?? Mebibytes(0), cpus: capacity.cpus ?? 0)
        }
    }
}

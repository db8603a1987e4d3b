import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import Foundation
import SimulatedPorts
import Simulator
import XCTest
import FarmRules
import FarmStore

/// A farm of one node in memory, with the real services on it: user `alice` with her VMs 1, 2, 3..., and `bob` with
/// the last one. Time is virtual: it passes only in `pass` and `pass(upTo:until:)`, and minutes take no time.
final class FarmBench {
    static let node = NodeID(1)
    let simulation: Simulation
    let host: SimulatedHost
    let store: SimulatedStore
    let journal = Journal()
    var policy = NodePolicy()
    private(set) var keeper: Incarnation?
    private(set) var router: Incarnation?
    private var door: AsyncStream<SimulatedClientExchange>.Continuation?
    /// Why HKD ended by itself.
    private let keeperEnd = Confined<String?>(nil)
    var keeperFailure: String? { keeperEnd.value }

    init(vms: Int = 1, seed: UInt64 = 7, images: [String] = ["desktop.qcow2"]) throws {
        simulation = Simulation(seed: seed)
        let address = IPv4Address(bits: 0x0a03_0001)
        host = SimulatedHost(simulation: simulation, node: Self.node, address: address, images: images)
        store = SimulatedStore(try Self.farm(FarmID(bits: 0xabc123), vms: vms, node: "node1", address: address))
    }

    static func farm(_ id: FarmID, vms: Int, node: String, address: IPv4Address) throws -> FarmLedger {
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 16, rangeStart: IPv4Address(bits: 0x0a03_0100),
            gateway: nil)
        var ledger = FarmLedger(farm: id, addressPlan: addressPlan)
        let tenant = TenantID(1)
        var commands: [AdministrationCommand] = [
            .addNode(name: node, address: address),
            .addUser(
                tenant: tenant, login: "alice", passwordHash: SimulatedPasswordHasher.stored("secret", salt: "a")),
            .addUser(
                tenant: tenant, login: "bob", passwordHash: SimulatedPasswordHasher.stored("hunter2", salt: "b")),
            .addOSF(
                tenant: tenant, name: "desktop", memory: Mebibytes(256), userDiskSize: Mebibytes(64),
                keepsOverlay: false),
            .addImage(osf: OSFID(1), file: "desktop.qcow2", version: "v1", day: "2026-01-01"),
        ]
        for vm in 0..<vms {
            let owner = vm > 0 && vm == vms - 1 ? UserID(2) : UserID(1)
            commands.append(.addVM(name: "vm\(vm + 1)", user: owner, osf: OSFID(1), tag: "default", address: nil))
        }
        for command in commands {
            _ = try ledger.apply(command, by: .console(name: "test"), at: WallTime(seconds: 1)).get()
        }
        return ledger
    }

    // MARK: Time

    func pass(_ duration: Duration) {
        simulation.executor.run(until: simulation.now + duration.wholeNanoseconds)
    }

    /// Lets time pass until the condition holds, looking every 5 ms; false when the limit is reached first.
    func pass(upTo limit: Duration, until condition: () -> Bool) -> Bool {
        let deadline = simulation.now + limit.wholeNanoseconds
        while !condition() {
            guard simulation.now < deadline else { return false }
            pass(.milliseconds(5))
        }
        return true
    }

    // MARK: Processes

    /// Starts HKD.
    ///
    /// - Parameters:
    ///   - name: what its configuration says the node is called.
    ///   - other: another store than the farm's own.
    ///   - own: replaces ports that are files of the farm's own paths.
    func startKeeper(
        name: String = "node1", on other: SimulatedStore? = nil, own: ((inout NodePorts, Incarnation) -> Void)? = nil
    ) {
        let life = simulation.begin(.houseKeeper, on: Self.node)
        keeper = life
        keeperEnd.value = nil
        let ports = PortSet(host: host, incarnation: life)
        let records = StoreConnection(store: other ?? store, gate: ports.gate)
        var nodePorts = NodePorts(
            hypervisor: ports.hypervisor, network: ports.network, filter: ports.filter, addresses: ports.addresses,
            storages: NodeStorages(standard: ports.disks, ports.moreDisks), secrets: ports.secrets,
            agent: ports.agent, records: records, changes: records, clock: ports.clock, random: ports.random)
        own?(&nodePorts, life)
        let service = HouseKeeper(
            ports: nodePorts,
            settings: NodeSettings(name: name, acceleration: .tcg, consoleFolder: "/console", policy: policy),
            log: journal.logger)
        life.start { [keeperEnd] in
            var end = "ended"
            do {
                try await life.untilTerminated { try await service.run() }
                await service.leave()
            } catch {
                end = "\(error)"
            }
            // One that was killed says nothing any more.
            if life.isAlive { keeperEnd.value = end }
        }
    }

    func killKeeper() throws { simulation.kill(try XCTUnwrap(keeper)) }

    /// - Parameter configuration: of its login.
    func startRouter(login configuration: LoginConfiguration = LoginConfiguration()) {
        let life = simulation.begin(.router, on: Self.node)
        router = life
        let ports = PortSet(host: host, incarnation: life)
        let connection = StoreConnection(store: store, gate: ports.gate)
        let login = Login(
            configuration: configuration,
            ports: LoginPorts(
                store: connection, passwords: ports.hasher, clock: ports.clock, random: ports.random,
                log: journal.logger))
        let service = Router(
            configuration: RouterConfiguration(nodeName: "node1", place: .node(Self.node), address: host.address),
            ports: RouterPorts(
                login: login, store: connection, agent: ports.agent, clock: ports.clock, random: ports.random,
                log: journal.logger))
        let (exchanges, enter) = AsyncStream<SimulatedClientExchange>.makeStream()
        door = enter
        life.onDeath { enter.finish() }
        life.start {
            await withDiscardingTaskGroup { group in
                group.addTask { await login.prepare() }
                group.addTask { await service.run() }
                for await exchange in exchanges { group.addTask { await service.handle(exchange) } }
                group.cancelAll()
            }
        }
    }

    func killRouter() throws { simulation.kill(try XCTUnwrap(router)) }

    /// The node serves.
    func startAll() {
        startKeeper()
        startRouter()
        XCTAssert(pass(upTo: .seconds(30)) { nodeState == .running }, "the node did not come up: \(journal.lines)")
    }

    /// Ends every process, so that nothing of a test stays behind.
    func end() {
        for life in [keeper, router] { life.map(simulation.kill) }
        store.close()
        pass(.seconds(1))
    }

    /// Calls on the store, by nobody who lives.
    func carryOut(_ calls: @escaping @Sendable (StoreConnection) async throws -> Void, line: UInt = #line) {
        let life = simulation.begin(named: "late")
        let store = StoreConnection(store: store, gate: PortSet(host: host, incarnation: life).gate)
        life.start {
            do {
                try await calls(store)
            } catch {
                XCTFail("\(error)", line: line)
            }
        }
    }

    // MARK: People

    @discardableResult
    func apply(_ command: AdministrationCommand, line: UInt = #line) throws -> AdministrationResult {
        let answer = Confined<Result<AdministrationResult, AdministrationRefusal>?>(nil)
        simulation.executor.spawn { [store] in
            do {
                answer.value = try await store.apply(command, by: .console(name: "test"), at: WallTime(seconds: 1))
            } catch {
                XCTFail("\(error)", line: line)
            }
        }
        simulation.executor.run(until: simulation.now)
        return try XCTUnwrap(answer.value, line: line).get()
    }

    func start(_ vm: VMID) throws { try apply(.startVM(vm, node: Self.node)) }

    /// A request of `alice` with her password, unless another login is given.
    func ask(
        _ path: String, vm: VMID? = nil, login: String = "alice:secret", upgrade: Bool = false
    ) throws -> SimulatedClientExchange {
        var headers = [HTTPField("authorization", "Basic \(Data(login.utf8).base64EncodedString())")]
        if upgrade { headers += [HTTPField("Connection", "Upgrade"), HTTPField("Upgrade", "QVD/1.0")] }
        let exchange = SimulatedClientExchange(
            simulation: simulation,
            request: ClientRequest(
                method: "GET", path: path, query: vm.map { [HTTPField("id", "\($0)")] } ?? [], headers: headers,
                peer: "192.0.2.9"))
        exchange.reach(try XCTUnwrap(router), on: host)
        try XCTUnwrap(door).yield(exchange)
        return exchange
    }

    func connect(_ vm: VMID, login: String = "alice:secret") throws -> SimulatedClientExchange {
        try ask("/qvd/connect_to_vm", vm: vm, login: login, upgrade: true)
    }

    /// A client that sees the VM's desktop.
    func connected(_ vm: VMID) throws -> SimulatedClientExchange {
        let client = try connect(vm)
        XCTAssert(
            pass(upTo: .seconds(120)) { client.seesNow == vm },
            "no session: \(client.progressTexts) \(String(describing: client.ending.value))")
        return client
    }

    // MARK: What is

    var nodeState: NodeState? { store.look { $0.node(Self.node)?.state } }
    var sessions: [Session] { store.look { $0.sessions() } }

    func row(_ vm: VMID) throws -> VirtualMachine { try XCTUnwrap(store.look { $0.vm(vm) }) }
    func state(_ vm: VMID) -> VMState? { store.look { $0.vm(vm)?.observation.state } }

    func fault(_ kind: Fault.Kind, index: Int = 0) {
        simulation.withFaults { $0.begin(Fault(at: simulation.now, kind), index: index) }
    }

    func heal(index: Int = 0) { simulation.withFaults { $0.end(index: index) } }
}

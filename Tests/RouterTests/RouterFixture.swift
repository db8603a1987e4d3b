import Dispatch
import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import Logging
import NIOTransport
import SimulatedPorts
import Synchronization
import SystemClock
import XCTest

/// A real listener with a real router on loopback; the store in memory, the node and the guests played by the
/// test.
///
/// VMs have loopback addresses, so that a socket of the test at such an address is their X agent.
final class RouterFixture {
    static let vm = VMID(1)
    static let othersVM = VMID(2)
    /// `alice:secret`, the owner of VM 1, and `bob:hunter2`, the owner of VM 2.
    static let alice = "Authorization: Basic YWxpY2U6c2VjcmV0"
    static let bob = "Authorization: Basic Ym9iOmh1bnRlcjI="
    static let secret = AgentSecret(String(repeating: "5a", count: 32))

    let store: SimulatedStore
    let agent = ScriptedAgent()
    let hasher = PlainHasher()
    let guest: RawSocket
    let configuration: RouterConfiguration
    private(set) var port = 0
    private(set) var router: Router
    private let node: NodeID
    private var tasks: [Task<Void, Never>] = []

    init(
        tls: ListenerConfiguration.TLSFiles? = nil,
        listener change: (inout ListenerConfiguration) -> Void = { _ in },
        router changeRouter: (inout RouterConfiguration) -> Void = { _ in }
    ) throws {
        guest = try RawSocket.listen()
        let addressPlan = try AddressPlan(
            network: try XCTUnwrap(IPv4Address("127.0.0.0")), prefixLength: 8,
            rangeStart: try XCTUnwrap(IPv4Address("127.1.0.0")), gateway: nil)
        store = SimulatedStore(farm: try XCTUnwrap(FarmID("0a1b2c")), addressPlan: addressPlan)
        let (store, agent, hasher) = (store, agent, hasher)
        node = try blocking { try await Self.populate(store) }

        var configuration = RouterConfiguration(
            nodeName: "node1", place: .node(node), address: try XCTUnwrap(IPv4Address("127.0.0.1")))
        configuration.displayPort = guest.port
        configuration.limits.sessionRetry = .milliseconds(50)
        configuration.limits.sessionPoll = .milliseconds(20)
        configuration.suspensionTime = .milliseconds(300)
        changeRouter(&configuration)
        var logger = Logger(label: "router", factory: { _ in SwiftLogNoOpLogHandler() })
        logger.logLevel = .debug
        let log = logger
        self.configuration = configuration
        let router = Router(
            configuration: configuration,
            ports: RouterPorts(store, agent, hasher, log))
        self.router = router

        var listening = ListenerConfiguration(place: .address(host: "127.0.0.1", port: 0), tls: tls)
        change(&listening)
        let listener = try ClientListener(listening, log: log)
        let bound = Mutex<Int?>(nil)
        let isBound = DispatchSemaphore(value: 0)
        let setPort: @Sendable (Int) -> Void = { port in
            bound.withLock { $0 = port }
            isBound.signal()
        }
        tasks.append(Task { await router.run() })
        tasks.append(
            Task {
                do {
                    try await listener.run(bound: setPort) { await router.handle($0) }
                } catch {
                    XCTFail("\(error)")
                }
            })
        guard isBound.wait(timeout: .now() + 10) == .success else {
            throw RawSocket.Failure("waiting for the listener to have a port")
        }
        port = try XCTUnwrap(bound.withLock { $0 })
        runHouseKeeper()
    }

    deinit { for task in tasks { task.cancel() } }

    /// Stops the listener, and returns when it has ended.
    func stop() throws {
        let tasks = tasks
        for task in tasks { task.cancel() }
        try blocking { for task in tasks { await task.value } }
    }

    func connect() throws -> RawSocket { try RawSocket.connect(port: port) }

    func snapshot() throws -> FarmSnapshot {
        let store = store
        return try blocking { try await store.snapshot() }
    }

    func apply(_ command: AdministrationCommand) throws {
        let store = store
        try blocking {
            _ = try await store.apply(command, by: .console(name: "test"), at: WallTime(seconds: 1)).get()
        }
    }

    func setNode(_ state: NodeState) throws {
        let (store, node) = (store, node)
        try blocking { try await store.reportState(of: node, state, at: WallTime(seconds: 1)) }
    }

    private static func populate(_ store: SimulatedStore) async throws -> NodeID {
        func apply(_ command: AdministrationCommand) async throws -> AdministrationResult {
            try await store.apply(command, by: .console(name: "test"), at: WallTime(seconds: 1)).get()
        }
        let tenant = TenantID(1)
        guard
            case .node(let node) = try await apply(
                .addNode(name: "node1", address: IPv4Address(bits: 0x7f00_0005))),
            case .user(let alice) = try await apply(
                .addUser(tenant: tenant, login: "alice", passwordHash: PlainHasher.stored("secret"))),
            case .user(let bob) = try await apply(
                .addUser(tenant: tenant, login: "bob", passwordHash: PlainHasher.stored("hunter2"))),
            case .osf(let osf) = try await apply(
                .addOSF(
                    tenant: tenant, name: "desk", memory: Mebibytes(256), userDiskSize: Mebibytes(0),
                    keepsOverlay: false))
        else { throw CancellationError() }
        _ = try await apply(.addImage(osf: osf, file: "desk.qcow2", version: "1", day: "2024-01-01"))
        for (name, user) in [("alice's \"desk\"", alice), ("bobs", bob)] {
            _ = try await apply(.addVM(name: name, user: user, osf: osf, tag: "default", address: nil))
        }
        try await store.reportState(of: node, .running, at: WallTime(seconds: 1))
        return node
    }

    /// The node: does at once what is wanted of its VMs.
    private func runHouseKeeper() {
        let (store, node) = (store, node)
        tasks.append(Task { await keepHouse(store, node) })
    }
}

/// Looks every 20 ms. A change of the store is announced only to those who already listen, so whoever waits for the
/// announcement alone can miss the one change there is.
private func keepHouse(_ store: SimulatedStore, _ node: NodeID) async {
    while !Task.isCancelled {
        do {
            for assignment in try await store.desiredState(of: node, about: []).assignments {
                try await converge(assignment.vm, on: node, in: store)
            }
            try await Task.sleep(for: .milliseconds(20))
        } catch is CancellationError {
            return
        } catch let error as PortError where error.reason == .stale {
            // The VM got another command between the look and the word about it: look again.
        } catch {
            XCTFail("\(error)")
        }
    }
}

private func converge(_ vm: VirtualMachine, on node: NodeID, in store: SimulatedStore) async throws {
    let now = WallTime(seconds: 2)
    switch (vm.intent.wanted, vm.observation.state) {
    case (.run, .stopped):
        let epoch = try await store.begin(vm.id, by: node, epoch: vm.intent.epoch, secret: RouterFixture.secret)
        let running = Observation(state: .running, since: now)
        try await store.report(running, of: vm.id, by: node, epoch: epoch)
    case (.stop, _):
        try await store.release(
            vm.id, by: node, epoch: vm.intent.epoch, request: vm.intent.request, error: nil, at: now)
    default: break
    }
}

extension Router {
    /// A router that begins where that of a fixture would if it were started again.
    static func next(of fixture: RouterFixture) -> Router {
        Router(
            configuration: fixture.configuration,
            ports: RouterPorts(
                fixture.store, fixture.agent, fixture.hasher,
                Logger(label: "next", factory: { _ in SwiftLogNoOpLogHandler() })))
    }
}

extension RouterPorts {
    fileprivate init(_ store: SimulatedStore, _ agent: ScriptedAgent, _ hasher: PlainHasher, _ log: Logger) {
        let random = CountingRandom()
        let login = Login(
            ports: LoginPorts(store: store, passwords: hasher, clock: SystemClock(), random: random, log: log))
        self.init(login: login, store: store, agent: agent, clock: SystemClock(), random: random, log: log)
    }
}

/// Runs async code from a synchronous test, whose thread may block.
func blocking<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) throws -> Value {
    let result = Mutex<Result<Value, any Error>?>(nil)
    let isDone = DispatchSemaphore(value: 0)
    Task {
        do {
            let value = try await body()
            result.withLock { $0 = .success(value) }
        } catch {
            result.withLock { $0 = .failure(error) }
        }
        isDone.signal()
    }
    isDone.wait()
    return try XCTUnwrap(result.withLock { $0 }).get()
}

/// Polls until the condition holds; fails after 10 s.
func eventually(
    _ what: String, file: StaticString = #filePath, line: UInt = #line, _ condition: () throws -> Bool
) throws {
    let deadline = ContinuousClock.now + .seconds(10)
    while try !condition() {
        guard ContinuousClock.now < deadline else {
            XCTFail("not seen within 10 s: \(what)", file: file, line: line)
            return
        }
        usleep(10_000)
    }
}

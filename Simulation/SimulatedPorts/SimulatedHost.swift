package import FarmModel
import FarmPorts
import Simulator

/// A simulated node: the truth about what exists on it. Ports of a process are views on it that end with the process;
/// the host stays. Its own behaviour (guests that boot, emulators that die) is in extensions of this class.
package final class SimulatedHost: Sendable {
    package let simulation: Simulation
    package let node: NodeID
    package let address: IPv4Address
    package let times: GuestTimes
    /// Who else is on its network.
    package let segment: SimulatedSegment
    package let clock = HostClock()
    private let confined: Confined<HostState>
    private let listeners = Confined<[Int: AsyncStream<HypervisorEvent>.Continuation]>([:])
    private let nextListener = Confined(0)
    private let sessionEndWatchers = Confined<[Int: SessionEndWatcher]>([:])

    private struct SessionEndWatcher {
        var domain: DomainName
        var act: () -> Void
    }

    /// A node with a storage and a segment of its own.
    package convenience init(
        simulation: Simulation, node: NodeID, address: IPv4Address, bridge: String = "qvdnet0",
        images: [String], memory: Mebibytes = Mebibytes(1 << 20), times: GuestTimes = GuestTimes()
    ) {
        self.init(
            simulation: simulation, node: node, address: address, bridge: bridge,
            storage: SimulatedStorage(images: images), segment: SimulatedSegment(), memory: memory, times: times)
    }

    package init(
        simulation: Simulation, node: NodeID, address: IPv4Address, bridge: String = "qvdnet0",
        storage: SimulatedStorage, segment: SimulatedSegment, memory: Mebibytes = Mebibytes(1 << 20),
        times: GuestTimes = GuestTimes()
    ) {
        self.simulation = simulation
        self.node = node
        self.address = address
        self.times = times
        self.segment = segment
        confined = Confined(
            HostState(
                network: HostNetwork(
                    bridge: ObservedBridge(name: bridge, isUp: true, addresses: [address])),
                storage: storage, memory: memory))
        segment.join(self)
    }

    /// The truth, to look at.
    package var state: HostState { confined.value }

    /// Looks at the truth without copying it.
    package func read<Result>(_ body: (borrowing HostState) -> Result) -> Result { body(confined.value) }

    /// Changes the truth; says which parts of it, for the checkers.
    ///
    /// - Parameter vm: of which alone; nil for all, or for nobody knows which.
    package func change<Result, Failure: Error>(
        _ aspects: Aspects = .everything, of vm: VMID? = nil, _ body: (inout HostState) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        simulation.changed(aspects, of: vm)
        return try body(&confined.value)
    }

    /// Mounts one more storage.
    package func mount(_ storage: SimulatedStorage) {
        change(.disks) { $0.moreStorages[storage.disks.id] = storage }
    }

    // MARK: Events

    /// A stream of hypervisor events that ends with the incarnation, and begins with the connection's state.
    func events(for incarnation: Incarnation) -> AsyncStream<HypervisorEvent> {
        let (stream, continuation) = AsyncStream<HypervisorEvent>.makeStream(bufferingPolicy: .bufferingNewest(1024))
        guard incarnation.isAlive else {
            continuation.finish()
            return stream
        }
        let number = nextListener.value
        nextListener.value += 1
        listeners.value[number] = continuation
        let isAway = simulation.withFaults { $0.isHypervisorAway(on: node) }
        continuation.yield(isAway ? .connectionLost : .connectionRestored)
        incarnation.onDeath { [listeners] in
            listeners.value[number] = nil
            continuation.finish()
        }
        return stream
    }

    func announce(_ event: HypervisorEvent) {
        let count = simulation.withFaults { $0.deliveries(node: node) }
        if count != 1 { simulation.mark(count == 0 ? .eventLost : .eventDoubled) }
        let delay = simulation.withFaults { $0.eventDelay(node: node) }
        guard delay > 0 else { return tell(event, times: count) }
        simulation.mark(.eventLate)
        simulation.executor.schedule(at: simulation.now + delay) { [self] in tell(event, times: count) }
    }

    private func tell(_ event: HypervisorEvent, times count: Int = 1) {
        for number in listeners.value.keys.sorted() {
            for _ in 0..<count { listeners.value[number]?.yield(event) }
        }
    }

    /// The hypervisor's daemon goes away, or is back.
    package func tellConnection(isLost: Bool) { tell(isLost ? .connectionLost : .connectionRestored) }

    // MARK: Connections into guests

    /// Calls `act` once when the domain ends or its session does; `forget` takes it back.
    func onSessionEnd(of domain: DomainName, _ act: @escaping () -> Void) -> Int {
        let number = nextListener.value
        nextListener.value += 1
        sessionEndWatchers.value[number] = SessionEndWatcher(domain: domain, act: act)
        return number
    }

    func forget(watcher number: Int) { sessionEndWatchers.value[number] = nil }

    func sessionEnded(of domain: DomainName) {
        let ended = sessionEndWatchers.value.filter { $0.value.domain == domain }.keys.sorted()
        for number in ended { sessionEndWatchers.value.removeValue(forKey: number)?.act() }
    }
}

/// How long guests take, in nanoseconds.
package struct GuestTimes: Sendable, Hashable {
    package var boot: ClosedRange<Int64> = 8_000_000_000...20_000_000_000
    package var agentStart: ClosedRange<Int64> = 1_000_000_000...4_000_000_000
    package var addressRetry: Int64 = 3_000_000_000
    package var sessionStart: ClosedRange<Int64> = 500_000_000...2_000_000_000
    package var sessionSuspend: ClosedRange<Int64> = 100_000_000...1_000_000_000
    /// How long an X agent waits for its client: the original's 10 s.
    package var listening: Int64 = 10_000_000_000
    package var powerOff: ClosedRange<Int64> = 1_000_000_000...8_000_000_000

    package init() {}
}

/// One life of a simulated process, from its start to its death.
///
/// A Swift task cannot be killed, only cancelled, and a cancelled one still runs its clean-up. So every port object
/// belongs to an incarnation, and a dead incarnation's calls are refused: a dead daemon changes nothing.
package final class Incarnation: Sendable {
    /// `node-1/hkd`
    package let process: String
    /// Which process in a trace.
    package let source: UInt16
    /// 1 for the first life.
    package let number: Int
    package let executor: ProcessExecutor
    package let simulation: SimulationExecutor
    private let state: Confined<State>

    private struct State {
        var isAlive = true
        var calls = 0
        var callsAfterDeath = 0
        var activity = 0
        var reports = 0
        var readingsOut = 0
        var root: Task<Void, Never>?
        let ending = Signal<Void>()
        var onDeath: [() -> Void] = []
    }

    /// A dead incarnation that calls more often than this swallows its errors in a loop; the simulation stops.
    package static let callsAfterDeathMax = 10_000

    package init(process: String, source: UInt16, number: Int, simulation: SimulationExecutor) {
        self.process = process
        self.source = source
        self.number = number
        self.simulation = simulation
        executor = ProcessExecutor(name: "\(process)#\(number)", simulation: simulation)
        state = Confined(State())
    }

    package var isAlive: Bool { state.value.isAlive }
    /// Port calls begun while alive.
    package var calls: Int { state.value.calls }
    /// Grows with each port call that may change something, and with each reading that fails.
    package var activity: Int { state.value.activity }
    /// How much of it was reports of what it had done or found already: the object of a report stays as it is.
    package var reports: Int { state.value.reports }
    /// Readings that are not answered.
    package var readingsOut: Int { state.value.readingsOut }

    package func began(isReading: Bool, isReport: Bool) {
        if isReading { state.value.readingsOut += 1 } else { state.value.activity += 1 }
        if isReport { state.value.reports += 1 }
    }

    package func finished(isReading: Bool, isFailure: Bool) {
        guard isReading else { return }
        state.value.readingsOut -= 1
        if isFailure { state.value.activity += 1 }
    }

    package var name: String { "\(process)#\(number)" }

    /// Starts the process's one root task.
    package func start(_ main: @escaping @Sendable () async -> Void) {
        precondition(state.value.root == nil, "\(name) was started twice")
        state.value.root = simulation.spawn(on: executor, main)
    }

    /// Every port call asks this first. False when the incarnation is dead; the caller throws its port's error.
    package func enter() async -> Bool {
        if state.value.isAlive {
            state.value.calls += 1
            return true
        }
        state.value.callsAfterDeath += 1
        if state.value.callsAfterDeath > Self.callsAfterDeathMax {
            simulation.stop(
                "\(name) is dead and called its ports \(Self.callsAfterDeathMax) times: a loop swallows errors")
            await simulation.parkForever()
        }
        return false
    }

    /// Runs when the incarnation dies (streams end, lines close). At once when it is dead already.
    package func onDeath(_ action: @escaping () -> Void) {
        if state.value.isAlive { state.value.onDeath.append(action) } else { action() }
    }

    /// kill -9: from here on its port calls change nothing; then its tasks are cancelled so that they end.
    package func kill() {
        guard state.value.isAlive else { return }
        state.value.isAlive = false
        let actions = state.value.onDeath
        state.value.onDeath = []
        executor.thaw()
        state.value.root?.cancel()
        for action in actions { action() }
    }

    /// SIGTERM: asks it to end. What becomes of that is the process's own doing; its ports still work.
    package func terminate() { state.value.ending.fire(()) }

    /// Runs the body, of a process that heeds SIGTERM, until it ends or `terminate()` asks for the end; then its task
    /// is cancelled and waited for.
    package func untilTerminated(_ body: @escaping @Sendable () async throws -> Void) async throws {
        let ending = state.value.ending
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await body() }
            group.addTask { _ = await ending.wait() }
            for try await _ in group { group.cancelAll() }
        }
    }
}

import Glibc

/// Runs everything of one simulation on the one thread that made it, in an order its seed decides, and moves virtual
/// time forward when nothing is ready.
///
/// How to use it: make it, `spawn` the root of each process on a `ProcessExecutor`, call `run`. Nothing under it may
/// use `Task {}`, `Task.detached`, `Task.sleep`, `@MainActor` or a thread of its own: those leave the simulator, and
/// their way back (`enqueue` from a foreign thread) stops the program.
package final class SimulationExecutor: TaskExecutor, @unchecked Sendable {
    // Sendable without a lock: `enqueue` is the only member a runtime thread could call, and it checks the thread.

    package enum Pick: Sendable, Hashable {
        /// The job that became ready first.
        case first
        /// Any ready job, by the schedule stream: explores interleavings.
        case random
    }

    /// Why `run` returned.
    package enum Outcome: Sendable, Hashable {
        /// Nothing is ready and nothing is due any more.
        case idle
        /// Virtual time reached the deadline.
        case deadline
        /// Somebody called `stop`.
        case stopped(String)
    }

    struct Ready {
        var job: UnownedJob
        var process: ProcessExecutor?
        var serial: NodeExecutor?
    }

    /// Nanoseconds of virtual time since the start.
    package private(set) var now: Int64 = 0
    package private(set) var jobsRun = 0
    package private(set) var timersFired = 0
    /// Called after every job and timer: checkers look at the world here.
    package var afterEvent: (() -> Void)?
    /// More jobs than this without time moving is an endless loop, and stops the run.
    package var jobsPerMomentMax = 2_000_000

    private let pick: Pick
    private let seed: UInt64
    /// Of the present moment: what is drawn at one moment depends on no other.
    private var schedule: SplitMix64
    private var ready: [Ready] = []
    private var head = 0
    fileprivate var timers = TimerQueue()
    private var stopReason: String?
    private let thread = pthread_self()

    package init(seed: UInt64, pick: Pick = .random) {
        self.pick = pick
        self.seed = seed
        schedule = SplitMix64(seed: seed, stream: .schedule)
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        enqueue(Ready(job: UnownedJob(job), process: nil, serial: nil))
    }

    func enqueue(_ entry: Ready) {
        precondition(
            pthread_equal(pthread_self(), thread) != 0,
            "a job came from a foreign thread: something under the simulator used an unstructured task or a thread")
        ready.append(entry)
    }

    /// Starts unstructured work: the only way to do so in a simulation. Structured children follow.
    @discardableResult
    package func spawn(
        on process: ProcessExecutor? = nil, _ body: @escaping @Sendable () async -> Void
    ) -> Task<Void, Never> {
        if let process { return Task(executorPreference: process) { await body() } }
        return Task(executorPreference: self) { await body() }
    }

    /// Ends the run at the end of this event; the first reason given stays.
    package func stop(_ reason: String) { if stopReason == nil { stopReason = reason } }

    /// Allows a stopped simulation to run on (to let its processes end).
    package func clearStop() { stopReason = nil }

    /// Runs until nothing is left to do, a moment is reached, or `stop`. Can be called again.
    @discardableResult
    package func run(until deadline: Int64 = .max) -> Outcome {
        while true {
            if let outcome = runReady() { return outcome }
            guard let moment = timers.firstMoment else {
                if deadline != .max { now = max(now, deadline) }
                return .idle
            }
            guard moment <= deadline else {
                now = max(now, deadline)
                return .deadline
            }
            guard let due = timers.popFirst() else { return .idle }
            if due.at > now {
                now = due.at
                schedule = SplitMix64(seed: seed, stream: .schedule, number: UInt64(bitPattern: now))
            }
            guard let waiter = due.waiter else { continue }
            timersFired += 1
            switch waiter {
            case .sleeper(let continuation), .poller(let continuation, _, _): continuation.resume(returning: true)
            case .action(let action):
                action()
                afterEvent?()
            }
        }
    }

    private func runReady() -> Outcome? {
        var atThisMoment = 0
        while stopReason == nil, let next = takeReady() {
            if let process = next.process, process.hold(next) { continue }
            jobsRun += 1
            atThisMoment += 1
            if atThisMoment > jobsPerMomentMax { stop("endless loop: \(jobsPerMomentMax) jobs at one moment") }
            let tasks = next.process?.asUnownedTaskExecutor() ?? asUnownedTaskExecutor()
            if let serial = next.serial {
                next.job.runSynchronously(isolatedTo: serial.asUnownedSerialExecutor(), taskExecutor: tasks)
            } else {
                next.job.runSynchronously(on: tasks)
            }
            afterEvent?()
        }
        return stopReason.map { .stopped($0) }
    }

    private func takeReady() -> Ready? {
        let waiting = ready.count - head
        guard waiting > 0 else { return nil }
        if pick == .random, waiting > 1 { ready.swapAt(head, head + schedule.below(waiting)) }
        let next = ready[head]
        head += 1
        if head == ready.count {
            ready.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 4096, head * 2 > ready.count {
            ready.removeFirst(head)
            head = 0
        }
        return next
    }
}

extension SimulationExecutor {
    /// Returns at that moment (at once when it has passed, after letting other ready jobs run).
    ///
    /// - Throws: `CancellationError` as soon as the task is cancelled.
    package func sleep(until moment: Int64) async throws(CancellationError) {
        guard await wait(until: moment) else { throw CancellationError() }
    }

    /// Like `sleep`, without the error: false when the task was cancelled first.
    package func wait(until moment: Int64) async -> Bool { await wait(until: moment) { .sleeper($0) } }

    /// The same at the first moment, of those `every` apart, at which `isLeftOut` is false. It is asked at each.
    package func wait(until moment: Int64, every: Int64, isLeftOut: @escaping () -> Bool) async -> Bool {
        await wait(until: moment) { .poller($0, every: every, isLeftOut: isLeftOut) }
    }

    private func wait(
        until moment: Int64, isolation: isolated (any Actor)? = #isolation,
        _ waiter: (UnsafeContinuation<Bool, Never>) -> TimerQueue.Waiter
    ) async -> Bool {
        if Task.isCancelled { return false }
        let ticket = timers.reserve()
        return await withTaskCancellationHandler {
            // Where its caller is: the way of an actor's task to no actor and back would be a job more.
            await withUnsafeContinuation(isolation: isolation) { (continuation: UnsafeContinuation<Bool, Never>) in
                if Task.isCancelled {
                    timers.giveBack(ticket)
                    continuation.resume(returning: false)
                } else {
                    timers.arm(ticket, waiter(continuation), at: max(now, moment))
                }
            }
        } onCancel: {
            // Runs on the simulation's thread too: whoever cancels runs there. A ticket that was used up finds nothing.
            switch timers.cancel(ticket) {
            case .sleeper(let continuation)?, .poller(let continuation, _, _)?: continuation.resume(returning: false)
            case .action?, nil: break
            }
        }
    }

    /// Runs the action at that moment, between jobs. It must not wait for anything.
    package func schedule(at moment: Int64, _ action: @escaping () -> Void) {
        timers.arm(timers.reserve(), .action(action), at: max(now, moment))
    }

    /// Suspends the task for ever. Only for a process that must not go on; it keeps what its frames hold.
    package func parkForever() async { await withUnsafeContinuation { (_: UnsafeContinuation<Void, Never>) in } }
}

import CProcess
import FarmControl
import FarmModel
import Glibc
import Logging
import SystemClock

/// Keeps the node's processes running: one thread, one loop, no state outside it.
struct Supervisor {
    struct Child {
        let name: String
        let path: String
        let arguments: [String]
        /// Becomes descriptor 3 of the child.
        let listener: Int32?
        /// Whom it runs as; nil keeps this process's user.
        let user: RouterIdentity?
    }

    private enum State {
        case running(pid_t, since: Instant)
        case waiting(until: Instant)
        case ended
    }

    private let children: [Child]
    private let stopLimit: Duration
    private let log: Logger
    private let clock = SystemClock()
    private var states: [State]
    private var pauses: [RestartPause]
    private var stopDeadline: Instant?

    init(children: [Child], stopLimit: Duration, log: Logger) {
        self.children = children
        self.stopLimit = stopLimit
        self.log = log
        states = children.map { _ in .waiting(until: .start) }
        pauses = children.map { _ in RestartPause() }
    }

    /// Returns when a signal asked for the end and every child has ended.
    mutating func run() throws {
        let signals = cprocess_signals()
        guard signals >= 0 else { throw SystemFailure(-signals, "preparing for signals") }
        while !hasEnded {
            startWhatIsDue()
            for signal in wait(on: signals) { handle(signal) }
            reap()
            killIfOverdue()
        }
    }

    private var hasEnded: Bool {
        stopDeadline != nil && states.allSatisfy { if case .ended = $0 { true } else { false } }
    }

    private mutating func startWhatIsDue() {
        guard stopDeadline == nil else { return }
        for (index, child) in children.enumerated() {
            guard case .waiting(let moment) = states[index], moment <= clock.now else { continue }
            let result = start(child)
            if result > 0 {
                log.info("started", metadata: ["process": "\(child.name)", "pid": "\(result)"])
                states[index] = .running(result, since: clock.now)
            } else {
                log.error(
                    "cannot start",
                    metadata: ["process": "\(child.name)", "error": "\(SystemFailure.words(-result))"])
                let pause = pauses[index].afterRun(from: clock.now, to: clock.now)
                states[index] = .waiting(until: clock.now.advanced(by: pause))
            }
        }
    }

    private func start(_ child: Child) -> pid_t {
        var arguments: [UnsafeMutablePointer<CChar>?] = ([child.path] + child.arguments).map { strdup($0) }
        arguments.append(nil)
        defer { for argument in arguments { free(argument) } }
        return cprocess_start(
            child.path, arguments, child.listener ?? -1, child.user?.user ?? -1, child.user?.group ?? -1,
            child.user?.extraGroup ?? -1)
    }

    /// The signals that came, or none when it is time to start something.
    private func wait(on signals: Int32) -> [Int32] {
        var poll = pollfd(fd: signals, events: Int16(POLLIN), revents: 0)
        guard Glibc.poll(&poll, 1, milliseconds(until: nextMoment)) > 0 else { return [] }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = read(signals, &bytes, bytes.count)
        return count > 0 ? bytes[..<count].map(Int32.init) : []
    }

    private var nextMoment: Instant? {
        if let stopDeadline { return stopDeadline }
        return states.compactMap { if case .waiting(let moment) = $0 { moment } else { nil } }.min()
    }

    private func milliseconds(until moment: Instant?) -> Int32 {
        guard let moment else { return -1 }
        let (seconds, attoseconds) = clock.now.duration(to: moment).components
        return Int32(clamping: max(0, seconds * 1000 + attoseconds / 1_000_000_000_000_000 + 1))
    }

    private mutating func handle(_ signal: Int32) {
        guard signal == SIGTERM || signal == SIGINT, stopDeadline == nil else { return }
        log.info("stopping; the desktops run on", metadata: ["signal": "\(signal)"])
        stopDeadline = clock.now.advanced(by: stopLimit)
        for (index, state) in states.enumerated() {
            switch state {
            case .running(let pid, _): kill(pid, SIGTERM)
            case .waiting: states[index] = .ended
            case .ended: break
            }
        }
    }

    private mutating func reap() {
        var status: Int32 = 0
        while true {
            let pid = waitpid(-1, &status, WNOHANG)
            guard pid > 0 else { return }
            guard let index = states.firstIndex(where: { if case .running(pid, _) = $0 { true } else { false } }),
                case .running(_, let since) = states[index]
            else { continue }
            if stopDeadline != nil {
                states[index] = .ended
                continue
            }
            let pause = pauses[index].afterRun(from: since, to: clock.now)
            log.warning(
                "ended; it is started again",
                metadata: ["process": "\(children[index].name)", "how": "\(describe(status))", "in": "\(pause)"])
            states[index] = .waiting(until: clock.now.advanced(by: pause))
        }
    }

    private mutating func killIfOverdue() {
        guard let deadline = stopDeadline, deadline <= clock.now else { return }
        stopDeadline = clock.now.advanced(by: .seconds(5))
        for case .running(let pid, _) in states {
            log.warning("did not end in time; killed", metadata: ["pid": "\(pid)"])
            kill(pid, SIGKILL)
        }
    }

    /// The status word of wait(2): a signal in the low seven bits, otherwise an exit code above them.
    private func describe(_ status: Int32) -> String {
        let signal = status & 0x7f
        return signal == 0 ? "exit code \((status >> 8) & 0xff)" : "signal \(signal)"
    }
}

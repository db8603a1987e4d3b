import FarmModel

@testable import FarmControl

/// The polls of a node's house keeper as its service makes them: at fixed moments, whatever else is read and looked at.
struct NodePolls: Hashable {
    private let policy: NodePolicy
    private var nextReading: Instant
    private var nextLook: Instant
    private var nextSweep: Instant

    init(_ policy: NodePolicy, from now: Instant) {
        self.policy = policy
        nextReading = now.advanced(by: policy.readEvery)
        nextLook = now.advanced(by: policy.lookEvery)
        nextSweep = now.advanced(by: policy.limits.pingAfterAnswer)
    }

    var next: Instant { min(nextReading, nextLook, nextSweep) }

    /// What is due.
    mutating func take(at now: Instant) -> [NodeEvent] {
        var due: [NodeEvent] = []
        if nextReading <= now {
            nextReading = max(nextReading.advanced(by: policy.readEvery), now)
            due.append(.readDue)
        }
        if nextLook <= now {
            nextLook = max(nextLook.advanced(by: policy.lookEvery), now)
            due.append(.lookDue)
        }
        if nextSweep <= now {
            nextSweep = max(nextSweep.advanced(by: policy.limits.pingAfterAnswer), now)
            due.append(.agentsDue)
        }
        return due
    }

    /// For comparing with others: how far each lies ahead.
    func hash(from now: Instant, into hasher: inout Hasher) {
        for moment in [nextReading, nextLook, nextSweep] {
            hasher.combine((now.duration(to: moment) + .milliseconds(5)).wholeNanoseconds / 10_000_000)
        }
    }
}

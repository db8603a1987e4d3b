/// How long each transitional state of a VM may last. Defaults are the original's where it has them
/// (`internal.hkd.vmhandler.*`, `internal.hkd.kvm.timeout.*`).
package struct VMTimeLimits: Sendable, Hashable {
    /// One step of a start or of its undoing: longer than the adapters' own limits, so that it is reached
    /// only when an outside system does not answer at all.
    package var step: Duration = .seconds(90)
    /// From the domain's start to the agent's first answer.
    package var boot: Duration = .seconds(180)
    package var bootPing: Duration = .milliseconds(500)
    /// Between two sweeps, in each of which all agents of the node are asked that answered their last question.
    package var pingAfterAnswer: Duration = .seconds(120)
    package var pingAfterMiss: Duration = .seconds(10)
    /// A running VM's agent is given up when both are exceeded.
    package var missesMax = 10
    package var silenceMax: Duration = .seconds(320)
    /// One ping, shutdown or power-off call: after this it counts as missed.
    package var call: Duration = .seconds(15)
    package var powerOff: Duration = .seconds(180)
    package var shutdown: Duration = .seconds(180)
    /// First pause before a zombie is tried again; doubles up to `zombieRetryMax`.
    package var zombieRetry: Duration = .seconds(5)
    package var zombieRetryMax: Duration = .seconds(60)
    /// First pause before the store is told again what it did not take; doubles up to `storeRetryMax`.
    package var storeRetry: Duration = .milliseconds(250)
    package var storeRetryMax: Duration = .seconds(10)
    /// How long a start waits for an outside system that is just coming up, and between two tries.
    package var notYetMax: Duration = .seconds(20)
    package var notYetRetry: Duration = .milliseconds(250)
    /// A desktop that dies is started again this many times without having run for `stableAfter`.
    package var restartsMax = 3
    package var stableAfter: Duration = .seconds(600)
    /// Keep a VM whose agent died for inspection instead of stopping it (`internal.vm.debug.enable`).
    package var debugs = false

    package init() {}

    func zombiePause(attempt: Int) -> Duration { Self.doubled(zombieRetry, attempt, upTo: zombieRetryMax) }
    func storePause(attempt: Int) -> Duration { Self.doubled(storeRetry, attempt, upTo: storeRetryMax) }

    private static func doubled(_ first: Duration, _ times: Int, upTo longest: Duration) -> Duration {
        var pause = first
        for _ in 0..<min(times, 16) where pause < longest { pause = pause * 2 }
        return min(pause, longest)
    }
}

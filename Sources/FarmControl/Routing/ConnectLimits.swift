/// How long each step of a connect may take, and how often it is tried.
package struct ConnectLimits: Sendable, Hashable {
    /// Checking the password, behind at most a queue of others.
    package var authenticate: Duration = .seconds(30)
    /// Reading node and VM from the store.
    package var authorize: Duration = .seconds(10)
    /// How long another client has to give the VM up (the original's `internal.l7r.timeout.takeover`); then the
    /// newcomer takes its place.
    package var takeOver: Duration = .seconds(30)
    /// Taking the place of one that did not give the VM up.
    package var takePlace: Duration = .seconds(10)
    /// How many others, one after the other, are asked to give the VM up.
    package var holdersMax = 4
    /// Until the VM runs (the original's `internal.l7r.timeout.vm_start`).
    package var start: Duration = .seconds(270)
    /// Until a VM whose user wants it to stop has stopped (the original's `internal.l7r.timeout.vm_stop`).
    package var stop: Duration = .seconds(270)
    /// Tries of `x_start`, as in the original...
    package var sessionTriesMax = 21
    /// ...and the time between two.
    package var sessionRetry: Duration = .seconds(1)
    /// One call of the agent (the original's 4 s), with some room.
    package var agentCall: Duration = .seconds(5)
    /// From `x_start` until nxagent listens (the original's 10 s). An emulated guest needs more.
    package var listening: Duration = .seconds(10)
    /// From the first `x_start` until nxagent listens, provisioning included. The original has no limit.
    package var session: Duration = .seconds(300)
    /// Between two looks at the session while it starts.
    package var sessionPoll: Duration = .milliseconds(250)
    /// Connecting to nxagent.
    package var openConnection: Duration = .seconds(10)
    /// Writing that the session is connected.
    package var mark: Duration = .seconds(10)
    /// Between two looks at the store when no change is announced (the original's is 2 s).
    package var storePoll: Duration = .milliseconds(500)

    package init() {}
}

/// How long each passing state of an X session may last.
package struct GuestSessionLimits: Sendable, Hashable {
    /// From the start or resume of nxagent until it listens. The original's is 20 s.
    package var starting: Duration = .seconds(20)
    /// Until the client's proxy is connected and the session runs. The original's is 10 s; an emulated guest needs
    /// several seconds for the work alone, and the router's own limits end a connect that leads nowhere.
    package var listening: Duration = .seconds(30)
    /// The original's.
    package var suspending: Duration = .seconds(20)
    /// The original's. Then the process is killed.
    package var stopping: Duration = .seconds(20)

    /// Between a signal that nxagent shows no sign of having heeded and its repetition. One that comes within some
    /// milliseconds of its writing `SUSPENDED` is lost; a heeded one shows in the state file within 2 ms.
    package var heeding: Duration = .milliseconds(500)

    package init() {}
}

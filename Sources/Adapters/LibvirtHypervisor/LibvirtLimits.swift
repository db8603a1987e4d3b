/// How long libvirt calls may take and how many may be under way.
package struct LibvirtLimits: Sendable, Hashable {
    /// Any call that only asks or that only writes a definition. Idle: 1 to 5 ms.
    package var call: Duration = .seconds(15)
    /// Starting an emulator. Idle: 0.5 s; a loaded node has been seen to take ten times as long.
    package var create: Duration = .seconds(60)
    /// Ending an emulator. libvirt itself waits up to 10 s before it kills one that ignores SIGTERM, and then
    /// up to 30 s more for the kernel.
    package var destroy: Duration = .seconds(60)
    /// Calls under way at once.
    package var slotsMax = 10
    /// Calls given up but not yet returned, whose slots are replaced. Together with `slotsMax` below
    /// libvirtd's own `max_workers` (20), so that libvirtd still has one that answers.
    package var abandonedMax = 8
    /// Calls that wait for their turn; more are refused.
    package var waitingMax = 1_000

    package init() {}
}

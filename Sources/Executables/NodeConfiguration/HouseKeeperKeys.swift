/// Limits and periods of house keeping.
package struct HouseKeeperKeys: ConfigurationKeyGroup {
    package let heavyMax = ConfigurationKey.number(
        "internal.hkd.max_heavy", default: "10", "VMs that may start or shut down at the same time", 1...1000)
    package let readEvery = ConfigurationKey.seconds(
        "internal.hkd.agent.vm_command_handler.delay", default: "61",
        "seconds between two looks at the database when nothing announces a change")
    package let dhcpRestartDelay = ConfigurationKey.seconds(
        "internal.hkd.agent.dhcpdhandler.delay", default: "2",
        "seconds until a DHCP server that died is started again")
    package let agentCall = ConfigurationKey.seconds(
        "internal.hkd.agent.rpc.timeout", default: "3", "seconds one request to an agent may take")
    package let boot = ConfigurationKey.seconds(
        "internal.hkd.vmhandler.vma.failed.max_time.on.starting", default: "180",
        "seconds a booting VM has until its agent must answer")
    /// A running VM counts as hung when both the count and the time are exceeded.
    package let missesMax = ConfigurationKey.number(
        "internal.hkd.vmhandler.vma.failed.max_count.on.running", default: "10",
        "pings of a running VM that may fail before it counts as hung...", 1...100_000)
    package let silenceMax = ConfigurationKey.seconds(
        "internal.hkd.vmhandler.vma.failed.max_time.on.running", default: "320",
        "...and seconds that must have passed as well")
    package let pingAfterMiss = ConfigurationKey.seconds(
        "internal.hkd.vmhandler.vma_monitor.delay.after.error", default: "10",
        "seconds from a failed ping to the next")
    package let pingAfterAnswer = ConfigurationKey.seconds(
        "internal.hkd.vmhandler.vma_monitor.delay.after.ok", default: "120", "seconds from a good ping to the next")
    package let powerOff = ConfigurationKey.seconds(
        "internal.hkd.kvm.timeout.on_state.stopping.shutdown.waiting_for_kvm", default: "180",
        "seconds a guest has to power itself off")
    package let shutdown = ConfigurationKey.seconds(
        "internal.hkd.kvm.timeout.on_state.stopping.stop.waiting_for_kvm", default: "180",
        "seconds a domain has to end after that")
    package let zombieRetryMax = ConfigurationKey.seconds(
        "internal.hkd.kvm.timeout.on_state.zombie.reap.delaying", default: "60",
        "seconds between two tries to end a VM that would not die")
    package let routerStopTimeout = ConfigurationKey.seconds(
        "internal.hkd.stopping.l7rs.timeout", default: "300", "seconds sessions have to end when the node stops")
}

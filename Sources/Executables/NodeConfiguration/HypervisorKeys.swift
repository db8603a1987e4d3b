/// What VMs run on.
package struct HypervisorKeys: ConfigurationKeyGroup {
    package enum Kind: String, Sendable { case kvm }
    package enum AccelerationChoice: String, Sendable, CaseIterable { case auto, kvm, tcg }

    package let kind = ConfigurationKey<Kind>(
        "vm.hypervisor", default: "kvm", "kvm is the only one", expected: "kvm, the only one there is",
        Kind.init(rawValue:))
    package let virtualCPUs = ConfigurationKey.number("vm.kvm.cpus", default: "2", "virtual CPUs of each VM", 1...255)
    package let agentPort = ConfigurationKey.number(
        "internal.vm.port.vma", default: "3030", "port the agent inside a VM listens on", 1...65_535)
    package let keepsHungVMs = ConfigurationKey.flag(
        "internal.vm.debug.enable", default: "0",
        "whether a VM whose agent died is kept for inspection instead of stopped")
    package let acceptsOriginalAgents = ConfigurationKey.flag(
        "vma.accept_original", default: "0",
        "own: whether guests with the original's agent, which knows no secret, may run")
    package let libvirtURI = ConfigurationKey<String>(
        "libvirt.uri", default: "qemu:///system", "own: which libvirt daemon to use",
        expected: "a libvirt URI such as qemu:///system"
    ) { $0.contains("://") ? $0 : nil }
    package let acceleration = ConfigurationKey<AccelerationChoice>.choice(
        "hypervisor.acceleration", default: "auto",
        "own: kvm, tcg, or auto (kvm if its probe can run a guest, else tcg)")
}

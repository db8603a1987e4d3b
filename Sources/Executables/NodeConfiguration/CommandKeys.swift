/// Programs: absolute paths, or names to look up in PATH.
package struct CommandKeys: ConfigurationKeyGroup {
    package let dnsmasq = ConfigurationKey.text(
        "command.dnsmasq", default: "/usr/sbin/dnsmasq", "own: the DHCP server", expected: "a program")
    package let qemuImg = ConfigurationKey.text(
        "command.qemu-img", default: "/usr/bin/qemu-img", "own: makes overlays", expected: "a program")
    package let qemu = ConfigurationKey.text(
        "command.qemu-system", default: "/usr/bin/qemu-system-x86_64", "own: runs the probe for KVM",
        expected: "a program")
}

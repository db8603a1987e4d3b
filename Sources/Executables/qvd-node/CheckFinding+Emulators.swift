import LibvirtHypervisor

extension CheckFinding {
    /// What a guest that took its emulator over could do to the node.
    static func emulators(_ found: EmulatorConfinement) -> [CheckFinding] {
        let file = "/etc/libvirt/qemu.conf"
        let user: CheckFinding
        switch found.user {
        case 0?:
            user = .poor(
                "emulators", "they run as root: a guest that takes its emulator over has this node",
                remedy: "take `user`, `group` and `dynamic_ownership` out of \(file) (Debian's own default is the user"
                    + " libvirt-qemu) and restart libvirtd; running desktops stay")
        case let number?: user = .fine("emulators", "they run as user \(number)")
        case nil: user = .fine("emulators", "libvirt does not say who they run as")
        }
        guard let model = found.model else {
            return [
                user,
                .poor(
                    "confinement",
                    "neither AppArmor nor SELinux confines emulators: one that a guest takes over"
                        + " reads and writes what its user may",
                    remedy: "take `security_driver = \"none\"` out of \(file), see that the kernel has AppArmor"
                        + " (aa-status), and restart libvirtd"),
            ]
        }
        return [user, .fine("confinement", "\(model) confines emulators")]
    }
}

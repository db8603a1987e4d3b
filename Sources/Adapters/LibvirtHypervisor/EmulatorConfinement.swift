/// What keeps emulators apart from the rest of the node, by libvirt's own account of itself.
package struct EmulatorConfinement: Sendable, Hashable {
    /// The user that emulators run as; nil when libvirt does not say.
    package var user: UInt32?
    /// `apparmor` or `selinux`; nil when neither confines them.
    package var model: String?

    package init(user: UInt32?, model: String?) {
        self.user = user
        self.model = model
    }

    /// Reads libvirt's capabilities (`virsh capabilities`): one `secmodel` for each way of confining, of which `dac` is
    /// the user, with a label `+UID:+GID` for each kind of domain.
    init(capabilities document: String) {
        for part in document.split(separator: "<secmodel>").dropFirst() {
            let section = part.prefix(upTo: part.firstRange(of: "</secmodel>")?.lowerBound ?? part.endIndex)
            switch Self.text(of: "<model>", in: section) {
            case "dac":
                let label = Self.text(of: "<baselabel type='qemu'>", in: section)
                user = label.flatMap { UInt32($0.drop { $0 == "+" }.prefix { $0 != ":" }) }
            case "none", nil: break
            case let name?: model = name
            }
        }
    }

    private static func text(of opening: String, in section: Substring) -> String? {
        guard let start = section.firstRange(of: opening)?.upperBound else { return nil }
        return String(section[start...].prefix { $0 != "<" })
    }
}

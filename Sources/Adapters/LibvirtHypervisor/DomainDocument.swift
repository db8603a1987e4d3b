import FarmModel
import FarmPorts

/// The domain's description as libvirt wants it.
///
/// Nothing secret is in it: it names the file that holds the secret. Commas in paths, which separate options
/// on the emulator's command line, are libvirt's to escape.
struct DomainDocument: Sendable {
    let specification: DomainSpecification
    /// Absolute path of the emulator.
    let emulator: String

    /// Throws `.invalid` for what no domain can be made of.
    func xml() throws(PortError) -> String {
        let machine = try machine()
        try validatePaths(machine)
        guard specification.memory.count > 0, specification.virtualCPUs > 0 else {
            throw invalid(
                "memory \(specification.memory) and \(specification.virtualCPUs) CPUs; at least 1 of each")
        }
        return root(machine).rendered()
    }

    private func invalid(_ detail: String) -> PortError {
        PortError(.rejected, .invalid, attempt: "describing domain \(specification.name)", detail: detail)
    }

    private func machine() throws(PortError) -> MachineParts {
        guard case .machine(let parts) = specification.kind else {
            throw invalid("it is a container, and this hypervisor makes machines only; give its OSF a machine's image")
        }
        for case .directory(let path) in specification.disks.all {
            throw invalid(
                "the directory \(path) is no disk of a machine; keep its disks on a storage of files or block devices")
        }
        return parts
    }

    private func validatePaths(_ machine: MachineParts) throws(PortError) {
        var paths = [specification.disks.system.path, specification.secretPath, specification.consolePath]
        for case .file(_, _, let base?) in specification.disks.all { paths.append(base.path) }
        paths += [specification.disks.user?.path, machine.directBoot?.kernelPath].compactMap(\.self)
        paths += [machine.directBoot?.initialRamdiskPath].compactMap(\.self)
        for path in paths {
            guard path.hasPrefix("/"),
                path.unicodeScalars.allSatisfy({ $0.value >= 0x20 && XMLElement.isAllowed($0) })
            else {
                throw invalid("a path must be absolute and without control characters, unlike \(path)")
            }
        }
        // libvirt 9.0 writes the paths of disks, kernels and consoles as QEMU must read them, but not this
        // one: it does not double its commas, and turns markup characters into XML entities.
        guard !specification.secretPath.contains(where: { ",&<>'\"".contains($0) }) else {
            throw invalid(
                "the folder of secrets must be named without comma, &, <, > and quotes: "
                    + specification.secretPath)
        }
    }

    private func root(_ machine: MachineParts) -> XMLElement {
        XMLElement(
            "domain", ["type": machine.acceleration == .kvm ? "kvm" : "qemu"],
            identity + [
                XMLElement("memory", ["unit": "MiB"], text: "\(specification.memory.count)"),
                XMLElement("vcpu", text: "\(specification.virtualCPUs)"),
                // The file's content reaches the guest as fw_cfg; only its path is on the emulator's command
                // line.
                XMLElement(
                    "sysinfo", ["type": "fwcfg"],
                    [XMLElement("entry", ["name": "opt/qvd/secret", "file": specification.secretPath])]),
                boot(machine.directBoot), features(machine.acceleration),
            ] + processor(machine.acceleration) + [
                XMLElement("on_poweroff", text: "destroy"), XMLElement("on_reboot", text: "restart"),
                XMLElement("on_crash", text: "destroy"),
                XMLElement("devices", devices),
            ])
    }

    private var identity: [XMLElement] {
        var elements = [
            XMLElement("name", text: specification.name.text),
            XMLElement("uuid", text: Self.uuid(specification.owner)),
        ]
        let title = Self.title(specification.title)
        if !title.isEmpty { elements.append(XMLElement("title", text: title)) }
        elements.append(XMLElement("metadata", [DomainMetadata.element(specification.owner)]))
        return elements
    }

    /// libvirt identifies a domain by its UUID, and refuses a name that comes with another one: so it is made
    /// of farm and VM, in the form for UUIDs of one's own kind (RFC 9562, version 8).
    static func uuid(_ owner: DomainOwner) -> String {
        let digits = String(UInt64(bitPattern: owner.vm.rawValue) & 0xffff_ffff_ffff, radix: 16)
        let vm = String(repeating: "0", count: 12 - digits.count) + digits
        return "717664\(owner.farm.text.prefix(2))-\(owner.farm.text.dropFirst(2))-8000-8000-\(vm)"
    }

    /// libvirt refuses a title with line feeds.
    static func title(_ text: String) -> String {
        String(text.map { $0.isNewline ? " " : $0 })
    }

    private func boot(_ directBoot: DirectBoot?) -> XMLElement {
        let type = XMLElement("type", ["arch": "x86_64", "machine": "pc"], text: "hvm")
        guard let direct = directBoot else {
            return XMLElement("os", [type, XMLElement("boot", ["dev": "hd"])])
        }
        return XMLElement(
            "os",
            [
                type, XMLElement("kernel", text: direct.kernelPath),
                XMLElement("initrd", text: direct.initialRamdiskPath),
                XMLElement("cmdline", text: direct.commandLine),
            ])
    }

    /// QEMU's default translation cache under TCG is 1 GiB, which every VM would fill in time. 16 MiB was
    /// measured to serve a 96 MiB guest (54 MiB less memory); larger guests get more, up to 128.
    private func features(_ acceleration: Acceleration) -> XMLElement {
        var elements = [XMLElement("acpi")]
        if acceleration == .tcg {
            let cache = min(max(specification.memory.count / 8, 16), 128)
            elements.append(XMLElement("tcg", [XMLElement("tb-cache", ["unit": "MiB"], text: "\(cache)")]))
        }
        return XMLElement("features", elements)
    }

    private func processor(_ acceleration: Acceleration) -> [XMLElement] {
        acceleration == .kvm ? [XMLElement("cpu", ["mode": "host-passthrough"])] : []
    }

    private var devices: [XMLElement] {
        var elements = [
            XMLElement("emulator", text: emulator),
            disk(specification.disks.system, target: "vda"),
        ]
        if let user = specification.disks.user { elements.append(disk(user, target: "vdb")) }
        return elements + [
            XMLElement("controller", ["type": "usb", "model": "none"]),
            XMLElement(
                "interface", ["type": "ethernet"],
                [
                    XMLElement("mac", ["address": "\(specification.networkPort.mac)"]),
                    // Ours: made, enslaved and filtered before, and left alone by libvirt.
                    XMLElement("target", ["dev": specification.networkPort.tap.text, "managed": "no"]),
                    XMLElement("model", ["type": "virtio"]),
                    XMLElement("rom", ["enabled": "no"]),
                ]),
            XMLElement(
                "serial", ["type": "file"],
                [
                    XMLElement("source", ["path": specification.consolePath]),
                    XMLElement("target", ["port": "0"]),
                ]),
            XMLElement("memballoon", ["model": "none"]),
        ]
    }

    /// `writeback` keeps what the guest flushed, whatever happens to the emulator or the node; `unmap` gives
    /// back what the guest's file system frees.
    private func disk(_ attachment: DiskAttachment, target: String) -> XMLElement {
        let (type, format, place, base): (String, DiskFormat, String, DiskFile?) =
            switch attachment {
            case .file(_, let format, let base): ("file", format, "file", base)
            case .block: ("block", .raw, "dev", nil)
            case .directory: preconditionFailure("a directory was refused before")
            }
        return XMLElement(
            "disk", ["type": type, "device": "disk"],
            [
                XMLElement(
                    "driver",
                    ["name": "qemu", "type": format.rawValue, "cache": "writeback", "discard": "unmap"]),
                XMLElement("source", [place: attachment.path]), chain(base),
                XMLElement("target", ["dev": target, "bus": "virtio"]),
            ])
    }

    /// The whole chain below a disk, so that neither libvirt nor QEMU follows what headers say. The base image stays
    /// its owner's: an emulator that a guest took over could else write to the desktops of all.
    private func chain(_ base: DiskFile?) -> XMLElement {
        guard let base else { return XMLElement("backingStore") }
        return XMLElement(
            "backingStore", ["type": "file"],
            [
                XMLElement("format", ["type": base.format.rawValue]),
                XMLElement("source", ["file": base.path], [XMLElement("seclabel", ["model": "dac", "relabel": "no"])]),
                XMLElement("backingStore"),
            ])
    }
}

/// Everything the hypervisor needs to make a VM's domain: parts that every domain has, and those of its kind.
package struct DomainSpecification: Sendable, Hashable {
    package var owner: DomainOwner
    /// The VM's name as people gave it: any text.
    package var title: String
    package var memory: Mebibytes
    /// 1 or more.
    package var virtualCPUs: Int
    package var disks: DomainDisks
    package var networkPort: NetworkPort
    /// A 0600 file with the agent's secret. How the guest sees it is a matter of its kind.
    package var secretPath: String
    /// Where what the guest says at its console is written.
    package var consolePath: String
    package var kind: DomainKind

    package init(
        owner: DomainOwner, title: String, memory: Mebibytes, virtualCPUs: Int, disks: DomainDisks,
        networkPort: NetworkPort, secretPath: String, consolePath: String, kind: DomainKind
    ) {
        self.owner = owner
        self.title = title
        self.memory = memory
        self.virtualCPUs = virtualCPUs
        self.disks = disks
        self.networkPort = networkPort
        self.secretPath = secretPath
        self.consolePath = consolePath
        self.kind = kind
    }

    package var name: DomainName { DomainName(farm: owner.farm, vm: owner.vm) }
}

/// What a domain sees of its storage.
package struct DomainDisks: Sendable, Hashable {
    /// What it runs from and writes to. A machine sees it as `vda`.
    package var system: DiskAttachment
    /// The user's own; nil when the OSF gives none. A machine sees it as `vdb`.
    package var user: DiskAttachment?

    package init(system: DiskAttachment, user: DiskAttachment?) {
        self.system = system
        self.user = user
    }

    package var all: [DiskAttachment] { [system] + [user].compactMap(\.self) }
}

/// The domain's only way to the network: it is made, on the bridge and filtered before the domain is.
package struct NetworkPort: Sendable, Hashable {
    package var tap: TapName
    package var mac: MACAddress

    package init(tap: TapName, mac: MACAddress) {
        self.tap = tap
        self.mac = mac
    }
}

/// What sort of guest a domain is, with the parts that only this sort has.
package enum DomainKind: Sendable, Hashable {
    /// A computer of its own, with its own kernel. The secret is its fw_cfg entry `opt/qvd/secret`.
    case machine(MachineParts)
    /// Processes under the node's kernel, on a directory. No OSF asks for one yet, and no hypervisor here makes one:
    /// each refuses it with `.invalid`.
    case container(ContainerParts)
}

package struct MachineParts: Sendable, Hashable {
    package var acceleration: Acceleration
    /// Kernel and initial ramdisk for images that bring them; nil boots from the disk.
    package var directBoot: DirectBoot?

    package init(acceleration: Acceleration, directBoot: DirectBoot? = nil) {
        self.acceleration = acceleration
        self.directBoot = directBoot
    }
}

package struct ContainerParts: Sendable, Hashable {
    /// The node's user that is root in the container. It and the 65,535 after it, and the groups of these numbers, are
    /// this container's alone.
    package var firstUserID: UInt32

    package init(firstUserID: UInt32) { self.firstUserID = firstUserID }
}

/// How guest instructions run. KVM only when its probe ran guest instructions, for a present `/dev/kvm` can hang.
package enum Acceleration: String, Sendable, Hashable, Codable { case kvm, tcg }

package struct DirectBoot: Sendable, Hashable {
    package var kernelPath: String
    package var initialRamdiskPath: String
    package var commandLine: String

    package init(kernelPath: String, initialRamdiskPath: String, commandLine: String) {
        self.kernelPath = kernelPath
        self.initialRamdiskPath = initialRamdiskPath
        self.commandLine = commandLine
    }
}

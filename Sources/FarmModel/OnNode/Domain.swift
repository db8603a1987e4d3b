/// Everything the hypervisor needs to make a VM's domain.
package struct DomainSpecification: Sendable, Hashable {
    package var owner: DomainOwner
    /// The VM's name as people gave it: any text.
    package var title: String
    package var memory: Mebibytes
    /// 1 or more.
    package var virtualCPUs: Int
    package var acceleration: Acceleration
    package var tap: TapName
    package var mac: MACAddress
    /// qcow2 overlay; appears as `vda`.
    package var overlayPath: String
    /// Raw disk; appears as `vdb`.
    package var userDiskPath: String?
    /// Kernel and initial ramdisk for images that bring them; nil boots from the disk.
    package var directBoot: DirectBoot?
    /// A 0600 file with the agent's secret; the guest sees it as fw_cfg entry `opt/qvd/secret`.
    package var secretPath: String
    /// Where the serial console is written.
    package var consolePath: String

    package init(
        owner: DomainOwner, title: String, memory: Mebibytes, virtualCPUs: Int, acceleration: Acceleration,
        tap: TapName,
        mac: MACAddress, overlayPath: String, userDiskPath: String?, directBoot: DirectBoot?, secretPath: String,
        consolePath: String
    ) {
        self.owner = owner
        self.title = title
        self.memory = memory
        self.virtualCPUs = virtualCPUs
        self.acceleration = acceleration
        self.tap = tap
        self.mac = mac
        self.overlayPath = overlayPath
        self.userDiskPath = userDiskPath
        self.directBoot = directBoot
        self.secretPath = secretPath
        self.consolePath = consolePath
    }

    package var name: DomainName { DomainName(farm: owner.farm, vm: owner.vm) }
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

/// A domain that exists, ours or not.
package struct ObservedDomain: Sendable, Hashable {
    package enum State: String, Sendable, Hashable { case running, paused, shutOff, crashed }

    package var name: DomainName
    /// From its metadata; nil when it carries none of ours.
    package var owner: DomainOwner?
    package var state: State

    package init(name: DomainName, owner: DomainOwner?, state: State) {
        self.name = name
        self.owner = owner
        self.state = state
    }

    /// Whether guest instructions may run or memory is held: everything but `shutOff`.
    package var isLive: Bool { state != .shutOff }
}

package enum HypervisorEvent: Sendable, Hashable {
    case started(DomainName)
    case stopped(DomainName, StopReason)
    /// Events may have been lost; observe.
    case connectionLost
    case connectionRestored
}

package enum StopReason: String, Sendable, Hashable, Codable {
    /// The guest powered itself off.
    case shutdown
    /// Somebody destroyed it.
    case destroyed
    /// The guest or the emulator died.
    case crashed
}

package struct HypervisorCapabilities: Sendable, Hashable {
    package var version: String
    package var acceleration: Acceleration
    /// In words: why KVM is not used, when it is not.
    package var accelerationReason: String

    package init(version: String, acceleration: Acceleration, accelerationReason: String) {
        self.version = version
        self.acceleration = acceleration
        self.accelerationReason = accelerationReason
    }
}

/// A tap that exists. Only names of ours are listed.
package struct ObservedTap: Sendable, Hashable {
    package var name: TapName
    package var isUp: Bool
    /// Whether it is a port of the node's bridge.
    package var isOnBridge: Bool

    package init(name: TapName, isUp: Bool, isOnBridge: Bool) {
        self.name = name
        self.isUp = isUp
        self.isOnBridge = isOnBridge
    }
}

package struct ObservedBridge: Sendable, Hashable {
    package var name: String
    package var isUp: Bool
    /// IPv4 addresses of the bridge itself.
    package var addresses: [IPv4Address]

    package init(name: String, isUp: Bool, addresses: [IPv4Address]) {
        self.name = name
        self.isUp = isUp
        self.addresses = addresses
    }
}

/// The fixed MAC and address of a VM, as DHCP must serve them.
package struct Reservation: Sendable, Hashable, Comparable, Codable {
    package var vm: VMID
    package var mac: MACAddress
    package var address: IPv4Address
    /// The guest's host name: letters, digits and hyphens, made from the VM's name.
    package var hostName: String

    package init(vm: VMID, mac: MACAddress, address: IPv4Address, hostName: String) {
        self.vm = vm
        self.mac = mac
        self.address = address
        self.hostName = hostName
    }

    package static func < (left: Self, right: Self) -> Bool { left.vm < right.vm }
}

package enum AddressServiceStatus: Sendable, Hashable {
    case serving
    /// Died or could not start; it is tried again. The reason is in words.
    case down(reason: String)
}

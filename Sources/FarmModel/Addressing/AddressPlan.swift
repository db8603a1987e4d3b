/// How the VM network's addresses are divided: node addresses below the VM range, VM addresses from `rangeStart`
/// to the last address before broadcast.
package struct AddressPlan: Sendable, Hashable, Codable {
    package let network: IPv4Address
    /// 8 to 30: a MAC address carries the last 24 bits of a VM's address, so a wider network would repeat MACs.
    package let prefixLength: Int
    package let rangeStart: IPv4Address
    /// What DHCP gives guests as their router; nil gives none.
    package let gateway: IPv4Address?

    /// - Throws: `AddressPlanError` naming the value that does not fit.
    package init(
        network: IPv4Address, prefixLength: Int, rangeStart: IPv4Address, gateway: IPv4Address?
    ) throws(AddressPlanError) {
        guard (8...30).contains(prefixLength) else { throw .prefixLength(prefixLength) }
        let mask = ~UInt32(0) << (32 - UInt32(prefixLength))
        let base = network.bits & mask
        let last = base | ~mask
        guard rangeStart.bits > base + 1, rangeStart.bits < last else {
            throw .rangeStart(rangeStart, network: IPv4Address(bits: base), prefixLength: prefixLength)
        }
        if let gateway, gateway.bits & mask != base {
            throw .gateway(gateway, network: IPv4Address(bits: base), prefixLength: prefixLength)
        }
        self.network = IPv4Address(bits: base)
        self.prefixLength = prefixLength
        self.rangeStart = rangeStart
        self.gateway = gateway
    }

    package var netmask: IPv4Address { IPv4Address(bits: ~UInt32(0) << (32 - UInt32(prefixLength))) }
    package var broadcast: IPv4Address { IPv4Address(bits: network.bits | ~netmask.bits) }
    /// The last address a VM can have.
    package var rangeEnd: IPv4Address { IPv4Address(bits: broadcast.bits - 1) }

    package func isVirtualMachineAddress(_ address: IPv4Address) -> Bool {
        address >= rangeStart && address <= rangeEnd
    }

    /// Nodes live in the host part below the VM range.
    package func isNodeAddress(_ address: IPv4Address) -> Bool { address > network && address < rangeStart }

    /// The highest address of the VM range that nobody has (the original allocates downwards, so that growth of the
    /// node range from below meets it last). The gateway is never given to a VM.
    ///
    /// - Throws: `.rangeIsFull` with the size of the range.
    package func highestFreeAddress(taken: Set<IPv4Address>) throws(AddressPlanError) -> IPv4Address {
        var candidate = rangeEnd
        while candidate >= rangeStart {
            if !taken.contains(candidate), candidate != gateway { return candidate }
            candidate = IPv4Address(bits: candidate.bits - 1)
        }
        throw .rangeIsFull(from: rangeStart, to: rangeEnd)
    }
}

package enum AddressPlanError: Error, Equatable, Sendable, CustomStringConvertible {
    case prefixLength(Int)
    case rangeStart(IPv4Address, network: IPv4Address, prefixLength: Int)
    case gateway(IPv4Address, network: IPv4Address, prefixLength: Int)
    case rangeIsFull(from: IPv4Address, to: IPv4Address)

    package var description: String {
        switch self {
        case .prefixLength(let length):
            "the network's prefix length is \(length); it must be 8 to 30 (set vm.network.netmask)"
        case .rangeStart(let start, let network, let length):
            "the first VM address \(start) does not lie inside \(network)/\(length) with room for a node below it"
                + " (set vm.network.ip.start)"
        case .gateway(let gateway, let network, let length):
            "the gateway \(gateway) is not in \(network)/\(length) (set vm.network.gateway)"
        case .rangeIsFull(let from, let to):
            "every VM address from \(from) to \(to) is taken; delete a VM or widen the range (vm.network.ip.start)"
        }
    }
}

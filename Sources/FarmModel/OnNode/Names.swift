/// The name of a VM's tap, 15 characters, the longest a Linux interface can have (IFNAMSIZ 16 with its final zero):
/// `q<farm>-<node>-<vm>` with node and VM in base 36, two and four digits; for the nodes from number 1,296 on
/// `q<farm><node><vm>` with four digits each. A tap that was made keeps its name, so the short form stays.
package struct TapName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String
    package let farm: FarmID
    package let node: NodeID
    package let vm: VMID

    /// The largest node and VM numbers that fit: 1,679,615 each.
    package static let nodeMax: Int64 = 36 * 36 * 36 * 36 - 1
    package static let vmMax = nodeMax
    /// The largest node number that has the form with dashes.
    private static let shortNodeMax: Int64 = 36 * 36 - 1

    /// - Precondition: node and VM are 0 to `nodeMax` and `vmMax`; the store gives out no others.
    package init(farm: FarmID, node: NodeID, vm: VMID) {
        precondition((0...Self.nodeMax).contains(node.rawValue) && (0...Self.vmMax).contains(vm.rawValue))
        self.farm = farm
        self.node = node
        self.vm = vm
        let number = base36(vm.rawValue, digits: 4)
        text =
            node.rawValue <= Self.shortNodeMax
            ? "q\(farm)-\(base36(node.rawValue, digits: 2))-\(number)"
            : "q\(farm)\(base36(node.rawValue, digits: 4))\(number)"
    }

    package init(_ owner: DomainOwner) { self.init(farm: owner.farm, node: owner.node, vm: owner.vm) }

    /// Reads a name back; nil for an interface that is not a tap of ours.
    package init?(_ text: String) {
        guard text.first == "q", text.utf8.count == 15, let farm = FarmID(String(text.dropFirst().prefix(6))) else {
            return nil
        }
        let node = text.dropFirst(7).dropLast(4)
        let digits = node.first == "-" && node.last == "-" ? node.dropFirst().dropLast() : node
        guard let node = Int64(digits, radix: 36), let vm = Int64(text.suffix(4), radix: 36), node >= 0, vm >= 0 else {
            return nil
        }
        self.init(farm: farm, node: NodeID(node), vm: VMID(vm))
        // Whatever else reads as these numbers is not how we write them.
        guard self.text == text else { return nil }
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

private func base36(_ number: Int64, digits: Int) -> String {
    let text = String(number, radix: 36)
    return String(repeating: "0", count: digits - text.count) + text
}

/// The name of a VM's domain: `qvd-<farm>-<vm>`. The VM's own name may hold anything and is its title.
package struct DomainName: Sendable, Hashable, Comparable, CustomStringConvertible {
    package let text: String
    package init(farm: FarmID, vm: VMID) { text = "qvd-\(farm)-\(vm)" }
    /// A name as observed; it may be anybody's.
    package init(observed text: String) { self.text = text }

    /// The VM of a domain of this farm; nil when it is another's.
    package func vm(in farm: FarmID) -> VMID? {
        guard let number = Int64(text.drop(while: { $0 != "-" }).dropFirst(farm.text.count + 2)),
            case let vm = VMID(number), DomainName(farm: farm, vm: vm) == self
        else { return nil }
        return vm
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

/// A typed identifier: a number that the store hands out, from 1 upwards, never reused.
///
/// The type parameter is the noun, so that a user's number cannot be passed where a VM's is expected.
package struct Identifier<Noun>: Sendable, Hashable, Comparable, RawRepresentable, CustomStringConvertible {
    package let rawValue: Int64

    package init(rawValue: Int64) { self.rawValue = rawValue }
    package init(_ rawValue: Int64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
    package var description: String { String(rawValue) }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        rawValue = try decoder.singleValueContainer().decode(Int64.self)
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

package typealias TenantID = Identifier<Tenant>
package typealias UserID = Identifier<User>
package typealias VMID = Identifier<VirtualMachine>
package typealias NodeID = Identifier<Node>
package typealias OSFID = Identifier<OSFlavour>
package typealias ImageID = Identifier<DiskImage>

/// The farm's own name for itself: drawn once when its database is made, and written into everything the farm
/// leaves on a node, so that no daemon touches what another farm (or another database) owns.
///
/// Six lower-case hexadecimal digits: short enough to fit into a tap's name with node and VM.
package struct FarmID: Sendable, Hashable, Codable, CustomStringConvertible {
    package let text: String

    /// Nil unless `text` is six lower-case hexadecimal digits.
    package init?(_ text: String) {
        guard text.utf8.count == 6, text.utf8.allSatisfy(isLowerHexDigit) else { return nil }
        self.text = text
    }

    /// From the low 24 bits.
    package init(bits: UInt32) {
        let digits = String(bits & 0xff_ffff, radix: 16)
        text = String(repeating: "0", count: 6 - digits.count) + digits
    }

    package var description: String { text }
}

/// Names a storage: a place for images and disks that one or several nodes can reach. Nodes that have a storage of one
/// name see the same disks there.
///
/// 1 to 32 characters of a to z, 0 to 9 and `-`, the first a letter.
package struct StorageID: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let text: String

    /// The storage of VMs for which nobody named one.
    package static let standard = StorageID(unchecked: "default")

    private init(unchecked text: String) { self.text = text }

    /// Nil unless `text` is such a name.
    package init?(_ text: String) {
        let letters = UInt8(ascii: "a")...UInt8(ascii: "z")
        let digits = UInt8(ascii: "0")...UInt8(ascii: "9")
        let bytes = text.utf8
        guard (1...32).contains(bytes.count), letters.contains(bytes[bytes.startIndex]),
            bytes.allSatisfy({ letters.contains($0) || digits.contains($0) || $0 == UInt8(ascii: "-") })
        else { return nil }
        self.text = text
    }

    package static func < (left: Self, right: Self) -> Bool { left.text < right.text }
    package var description: String { text }
}

private func isLowerHexDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
}

/// Which assignment of a VM to a node. It only grows; a writer with an old one is refused.
///
/// The number grows with each assignment and with each begin of it. The era (0 at first) grows when the store may have
/// forgotten some of them: a restored backup or a promoted standby counts on from an older number, and every epoch of
/// the new era is newer than all that the forgotten time gave out.
package struct Epoch: Sendable, Hashable, Comparable, Codable, CustomStringConvertible {
    package let era: Int64
    package let number: Int64

    package init(_ number: Int64, era: Int64 = 0) {
        self.era = era
        self.number = number
    }

    package static let none = Epoch(0)

    /// The epoch of the next assignment or begin, made in the era that the farm is in.
    package func next(in era: Int64) -> Epoch { Epoch(number + 1, era: max(era, self.era)) }

    package static func < (left: Self, right: Self) -> Bool {
        (left.era, left.number) < (right.era, right.number)
    }

    /// `7` in the first era, `2.7` in later ones.
    package var description: String { era == 0 ? "\(number)" : "\(era).\(number)" }
}

/// Whose domain it is: what HKD writes into a domain's metadata, and what it looks for before it touches one.
package struct DomainOwner: Sendable, Hashable, Codable {
    package let farm: FarmID
    package let node: NodeID
    package let vm: VMID
    package let epoch: Epoch

    package init(farm: FarmID, node: NodeID, vm: VMID, epoch: Epoch) {
        self.farm = farm
        self.node = node
        self.vm = vm
        self.epoch = epoch
    }
}

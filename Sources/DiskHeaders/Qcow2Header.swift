/// What a qcow2 file says of itself in its header (QEMU's `docs/interop/qcow2.txt`; limits as QEMU's own).
package struct Qcow2Header: Sendable, Hashable {
    package struct Backing: Sendable, Hashable {
        /// As it is written there: a path, or anything else that QEMU takes.
        package var name: [UInt8]
        /// What QEMU reads the file as, such as `raw`; nil when it is to find out itself.
        package var format: [UInt8]?
    }

    package enum Encryption: Sendable, Hashable { case aes, luks }

    /// The L1 table: where it begins in the file, and how many entries of 8 bytes it has.
    struct Table: Sendable, Hashable {
        var place: Int64
        var count: Int64
    }

    /// 2 or 3.
    package let version: Int
    /// Bytes of a cluster: a power of two from 512 to 2 MiB.
    package let clusterSize: Int64
    /// Bytes of the disk.
    package let virtualSize: Int64
    /// The image below this one, if it is a layer.
    package let backing: Backing?
    /// Whether its data lie in another file.
    package let hasDataFile: Bool
    /// That file's name, if it is said.
    package let dataFile: [UInt8]?
    package let encryption: Encryption?
    /// QEMU found its tables damaged, and marked it.
    package let isMarkedDamaged: Bool
    /// Numbers of the features that a reader must know and that are not known here, ascending.
    package let unknownFeatures: [Int]
    let table: Table
    /// Bytes of an entry in the L2 tables: 8, or 16 with sub-clusters.
    let entrySize: Int64

    static let signature: [UInt8] = Array("QFI".utf8) + [0xFB]

    private enum Feature: Int, CaseIterable { case dirty, damaged, dataFile, compressionType, extendedTables }
    private enum Extension: UInt32 { case end = 0, backingFormat = 0xE279_2ACA, dataFile = 0x4441_5441 }
    private enum Limit {
        static let clusterBits = 9...21
        static let nameLength = 1023
        /// 32 MiB of entries.
        static let tableCount: Int64 = 4 << 20
        static let virtualSize: Int64 = 1 << 62
    }

    /// - Parameter bytes: the file's first bytes, `ImageHeader.length` of them or all.
    init(_ bytes: [UInt8]) throws(ImageFault) {
        let fields = BigEndianFields(bytes)
        let number = try fields.number(4, of: 4)
        guard number == 2 || number == 3 else {
            throw ImageFault("it is of qcow2 version \(number), and versions 2 and 3 are known")
        }
        version = Int(number)
        let bits = try fields.number(20, of: 4)
        guard Limit.clusterBits.contains(Int(bits)) else {
            throw ImageFault("its clusters are of 2^\(bits) bytes")
        }
        clusterSize = 1 << Int64(bits)
        let size = try fields.number(24, of: 8)
        guard size > 0, size <= UInt64(Limit.virtualSize) else { throw ImageFault("it says a size of \(size) bytes") }
        virtualSize = Int64(size)
        encryption =
            switch try fields.number(32, of: 4) {
            case 0: nil
            case 1: .aes
            case 2: .luks
            case let other: throw ImageFault("it is encrypted by method \(other), which is not known")
            }

        let features = number == 3 ? try fields.number(72, of: 8) : 0
        func has(_ feature: Feature) -> Bool { features >> UInt64(feature.rawValue) & 1 == 1 }
        isMarkedDamaged = has(.damaged)
        hasDataFile = has(.dataFile)
        entrySize = has(.extendedTables) ? 16 : 8
        unknownFeatures = (Feature.allCases.count..<64).filter { features >> UInt64($0) & 1 == 1 }

        let length = number == 3 ? try fields.number(100, of: 4) : 72
        guard length >= (number == 3 ? 104 : 72), length % 8 == 0, length <= UInt64(clusterSize) else {
            throw ImageFault("it says that its header has \(length) bytes")
        }
        let name = try Self.backingName(fields, after: length, within: UInt64(clusterSize))
        let extensions = try Self.extensions(fields, from: Int(length), to: name?.lowerBound ?? Int(clusterSize))
        backing = name.map {
            Backing(name: Array(bytes[$0.clamped(to: 0..<bytes.count)]), format: extensions[.backingFormat])
        }
        dataFile = extensions[.dataFile]

        let count = try fields.number(36, of: 4)
        let place = try fields.number(40, of: 8)
        guard count <= UInt64(Limit.tableCount) else { throw ImageFault("its L1 table has \(count) entries") }
        guard place % UInt64(clusterSize) == 0, place < UInt64(Int64.max / 2) else {
            throw ImageFault("its L1 table lies at \(place), which is no place of a cluster")
        }
        table = Table(place: Int64(place), count: Int64(count))
    }

    /// Where the name of the image below lies. One of no bytes counts too: it is QEMU's to say what it means.
    private static func backingName(
        _ fields: BigEndianFields, after length: UInt64, within cluster: UInt64
    ) throws(ImageFault) -> Range<Int>? {
        let place = try fields.number(8, of: 8)
        guard place != 0 else { return nil }
        let count = try fields.number(16, of: 4)
        guard place >= length, place <= cluster, count <= UInt64(Limit.nameLength), place + count <= cluster
        else { throw ImageFault("the name of the image below it lies at \(place) and has \(count) bytes") }
        return Int(place)..<Int(place + count)
    }

    /// What follows the header, as far as it was given: type, length, and data padded to 8 bytes.
    private static func extensions(
        _ fields: BigEndianFields, from start: Int, to end: Int
    ) throws(ImageFault) -> [Extension: [UInt8]] {
        var found: [Extension: [UInt8]] = [:]
        var place = start
        while place + 8 <= min(end, fields.count) {
            let (type, length) = (try fields.number(place, of: 4), try fields.number(place + 4, of: 4))
            guard length <= UInt64(end - place - 8) else {
                throw ImageFault("an extension of its header has \(length) bytes, and there is room for fewer")
            }
            if let kind = Extension(rawValue: UInt32(type)) {
                if kind == .end { break }
                found[kind] = fields.bytes(place + 8, count: Int(length))
            }
            place += 8 + (Int(length) + 7) / 8 * 8
        }
        return found
    }
}

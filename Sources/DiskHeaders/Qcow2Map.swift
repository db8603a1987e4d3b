/// Where a qcow2 file keeps its data, checked against the file's length: a copy that broke off has tables that point
/// behind its end. It reads nothing itself: whoever reads the file brings the tables.
package struct Qcow2Map: Sendable {
    private let header: Qcow2Header
    private let fileSize: Int64
    private var tableBytes: Int64 = 0
    /// 1 GiB of tables maps 8 TiB in clusters of 64 KiB. An L1 table may name millions of them, one a thousand times or
    /// in a file that is all hole: nobody's look may take an hour.
    private static let tableBytesMax: Int64 = 1 << 30

    /// - Parameter fileSize: the file's length in bytes.
    package init(_ header: Qcow2Header, fileSize: Int64) throws(ImageFault) {
        self.header = header
        self.fileSize = fileSize
        let perTable = header.clusterSize / header.entrySize * header.clusterSize
        let needed = (header.virtualSize - 1) / perTable + 1
        guard header.table.count >= needed else {
            throw ImageFault("its L1 table has \(header.table.count) entries, and its size needs \(needed)")
        }
        guard header.table.place + header.table.count * 8 <= fileSize else {
            throw ImageFault("its L1 table lies behind the end of the file")
        }
    }

    /// The bytes of the L1 table, within the file.
    package var firstTable: Range<Int64> { header.table.place..<header.table.place + header.table.count * 8 }

    /// The places of the L2 tables, each of one cluster and within the file.
    ///
    /// - Parameter bytes: the L1 table, or whole entries of it, one after the other.
    package mutating func secondTables(in bytes: some Collection<UInt8>) throws(ImageFault) -> [Range<Int64>] {
        var tables: [Range<Int64>] = []
        for entry in Self.entries(of: bytes, size: 8) {
            let place = Int64(entry & Self.place)
            guard place != 0 else { continue }
            guard place % header.clusterSize == 0, place + header.clusterSize <= fileSize else {
                throw ImageFault("an L2 table lies at \(place), which is no whole cluster of the file")
            }
            tableBytes += header.clusterSize
            guard tableBytes <= Self.tableBytesMax else {
                throw ImageFault("it has more than \(Self.tableBytesMax >> 20) MiB of tables; use larger clusters")
            }
            tables.append(place..<place + header.clusterSize)
        }
        return tables
    }

    /// Checks that the clusters of a table lie within the file. The file's last cluster may be short. A place of 0 is a
    /// cluster that is not there, and lies within any file.
    ///
    /// - Parameter bytes: an L2 table, or whole entries of it.
    package func checkClusters(in bytes: some Collection<UInt8>) throws(ImageFault) {
        for entry in Self.entries(of: bytes, size: Int(header.entrySize)) {
            let end: Int64
            if entry >> 62 & 1 == 1 {
                end = endOfCompressed(entry)
            } else {
                let place = Int64(entry & Self.place)
                guard place % header.clusterSize == 0 else {
                    throw ImageFault("a cluster lies at \(place), which is no place of a cluster")
                }
                end = place + header.clusterSize
            }
            guard end - fileSize < header.clusterSize else {
                throw ImageFault("data at \(end) lie behind the end of the file at \(fileSize)")
            }
        }
    }

    /// Bits 9 to 55 of an entry.
    private static let place: UInt64 = 0x00FF_FFFF_FFFF_FE00

    /// A compressed cluster has a place of any byte in the entry's low bits, and above it the number of further sectors
    /// of 512 bytes; the larger the clusters, the more bits has the number.
    private func endOfCompressed(_ entry: UInt64) -> Int64 {
        let bits = UInt64(70 - header.clusterSize.trailingZeroBitCount)
        let place = entry & (1 << bits - 1)
        let sectors = entry >> bits & (1 << (62 - bits) - 1)
        return Int64(place & ~511) + Int64(sectors + 1) * 512
    }

    private static func entries(of bytes: some Collection<UInt8>, size: Int) -> some Sequence<UInt64> {
        sequence(state: bytes[...]) { rest -> UInt64? in
            guard rest.count >= size else { return nil }
            defer { rest = rest.dropFirst(size) }
            return rest.prefix(8).reduce(0) { $0 << 8 | UInt64($1) }
        }
    }
}

@testable import DiskHeaders
import XCTest

final class Qcow2MapTests: XCTestCase {
    private static let cluster: Int64 = 65_536

    private func header(_ change: (inout Qcow2Bytes) -> Void = { _ in }) throws -> Qcow2Header {
        var bytes = Qcow2Bytes()
        change(&bytes)
        guard case .qcow2(let header) = try ImageHeader(bytes.bytes) else { throw ImageFault("no qcow2") }
        return header
    }

    private func bytes(_ entries: UInt64...) -> [UInt8] {
        entries.flatMap { entry in (0..<8).map { UInt8(entry >> UInt64(56 - 8 * $0) & 255) } }
    }

    func testTablesAndClustersLieWithinTheFile() throws {
        var map = try Qcow2Map(header(), fileSize: 10 * Self.cluster)
        XCTAssertEqual(map.firstTable, 3 * Self.cluster..<3 * Self.cluster + 160)
        let copied: UInt64 = 1 << 63
        let tables = try map.secondTables(in: bytes(0, copied | 4 << 16, 9 << 16))
        XCTAssertEqual(tables.map(\.lowerBound), [4 * Self.cluster, 9 * Self.cluster])
        XCTAssertThrowsError(try map.secondTables(in: bytes(copied | 10 << 16)))
        XCTAssertThrowsError(try map.secondTables(in: bytes(4 << 16 | 512)))
        XCTAssertNoThrow(try map.checkClusters(in: bytes(0, 1, copied | 9 << 16, 5 << 16 | 1)))
        XCTAssertThrowsError(try map.checkClusters(in: bytes(0, copied | 10 << 16)))
        XCTAssertThrowsError(try map.checkClusters(in: bytes(5 << 16 | 512)))
        // The last cluster may be short, by less than itself.
        XCTAssertNoThrow(try Qcow2Map(header(), fileSize: 9 * Self.cluster + 1).checkClusters(in: bytes(9 << 16)))
        XCTAssertThrowsError(try Qcow2Map(header(), fileSize: 9 * Self.cluster).checkClusters(in: bytes(9 << 16)))
    }

    func testCompressedClustersHaveAPlaceAndALength() throws {
        let compressed: UInt64 = 1 << 62
        let map = try Qcow2Map(header(), fileSize: 10 * Self.cluster)
        // With clusters of 64 KiB the place has 54 bits, and the number of further sectors 8.
        XCTAssertNoThrow(try map.checkClusters(in: bytes(compressed | 9 << 16 | 12_345)))
        XCTAssertNoThrow(try map.checkClusters(in: bytes(compressed | 127 << 54 | 9 << 16)))
        XCTAssertThrowsError(try map.checkClusters(in: bytes(compressed | 127 << 54 | 10 << 16)))
        XCTAssertThrowsError(try map.checkClusters(in: bytes(compressed | 1 << 50)))
    }

    func testTheFirstTableCoversTheDiskAndLiesWithinTheFile() throws {
        XCTAssertThrowsError(try Qcow2Map(header { $0.tableCount = 19 }, fileSize: 10 * Self.cluster))
        XCTAssertThrowsError(try Qcow2Map(header { $0.tablePlace = 10 << 16 }, fileSize: 10 * Self.cluster))
        XCTAssertNoThrow(try Qcow2Map(header(), fileSize: 3 * Self.cluster + 160))
        // Entries of 16 bytes need twice the tables.
        XCTAssertThrowsError(try Qcow2Map(header { $0.features = 16 }, fileSize: 10 * Self.cluster))
    }

    /// One table named again and again would be read as often.
    func testTablesHaveALimit() throws {
        var map = try Qcow2Map(
            header {
                $0.clusterBits = 21; $0.tablePlace = 0
            }, fileSize: 1 << 40)
        let same = [UInt8](repeating: 0, count: 4) + [0, 0x20, 0, 0]
        XCTAssertEqual(try map.secondTables(in: (0..<512).flatMap { _ in same }).count, 512)
        XCTAssertThrowsError(try map.secondTables(in: same)) {
            XCTAssert(($0 as? ImageFault)?.words.contains("1024 MiB of tables") == true, "\($0)")
        }
    }

    func testLargestNumbersTrapNowhere() throws {
        var map = try Qcow2Map(
            header {
                $0.clusterBits = 21; $0.tablePlace = 0
            }, fileSize: 1 << 40)
        for entry in [.max, .max >> 1, 0x00FF_FFFF_FFE0_0000] as [UInt64] {
            XCTAssertThrowsError(try map.secondTables(in: bytes(entry)))
            XCTAssertThrowsError(try map.checkClusters(in: bytes(entry)))
        }
        let small = try header {
            $0.clusterBits = 9; $0.size = 512; $0.tableCount = 4 << 20; $0.tablePlace = 1 << 61
        }
        XCTAssertNoThrow(try Qcow2Map(small, fileSize: .max).checkClusters(in: bytes(0x00FF_FFFF_FFFF_FE00)))
    }
}

import DiskHeaders
import XCTest

/// Headers changed at random: nothing traps, and what is taken names no other file by what its bytes say.
final class HeaderFuzzTests: XCTestCase {
    private struct Generator: RandomNumberGenerator {
        var state: UInt64
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var mixed = state
            mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
            mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
            return mixed ^ mixed >> 31
        }
    }

    func testChangedHeadersNeverTrapAndNeverNameAnotherFile() throws {
        var random = Generator(state: 20_261_130)
        let seeds = [
            Qcow2Bytes(), Qcow2Bytes(version: 2), Qcow2Bytes(backing: "/etc/shadow", backingFormat: "raw"),
            Qcow2Bytes(dataFile: "/etc/shadow", features: 4),
            Qcow2Bytes(clusterBits: 9, tableCount: 4 << 20, tablePlace: 512),
        ].map(\.bytes)
        var taken = 0
        for round in 0..<20_000 {
            var bytes = seeds[round % seeds.count]
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                // Where the fields are, for the most part.
                let place = Int.random(in: 0..<(Bool.random(using: &random) ? 120 : bytes.count), using: &random)
                bytes[place] =
                    Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : [0, 1, 4, 127, 128, 255].randomElement(using: &random)!
            }
            if round % 7 == 0 { bytes.removeLast(Int.random(in: 0...bytes.count, using: &random)) }
            do throws(ImageRefusal) {
                guard case .qcow2(let header) = try ImageRules.base(bytes, name: "a.qcow2") else { continue }
                taken += 1
                XCTAssertEqual(bytes[8..<16].allSatisfy { $0 == 0 }, true, "round \(round): it is a layer")
                XCTAssertEqual(bytes[32..<36].allSatisfy { $0 == 0 }, true, "round \(round): it is encrypted")
                if bytes[7] == 3 { XCTAssertEqual(bytes[79] & 0b1110_0110, 0, "round \(round): features") }
                // Whether its tables are refused is not asked here, only that none traps.
                guard var map = try? Qcow2Map(header, fileSize: 1 << 30) else { continue }
                _ = try? map.secondTables(in: bytes.prefix(4_096))
                _ = try? map.checkClusters(in: bytes.prefix(4_096))
            } catch {
                XCTAssert(error.words.unicodeScalars.allSatisfy { $0.value >= 0x20 && $0.value != 0x7F }, error.words)
                _ = error.remedy(for: "a")
                _ = error.overlayRemedy(for: "a")
            }
        }
        XCTAssertGreaterThan(taken, 2_000, "the rounds hardly ever reach a whole header")
    }
}

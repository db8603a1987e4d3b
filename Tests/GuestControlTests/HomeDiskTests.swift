import XCTest

@testable import GuestControl

final class HomeDiskTests: XCTestCase {
    private func decide(_ facts: HomeDisk.Facts, isWhole: Bool = true) -> HomeDisk.Decision {
        HomeDisk.decide(facts, device: "/dev/vdb", isWhole: isWhole)
    }

    func testOnlyADiskWithoutSignatureAndWithoutDataIsFormatted() {
        let signatures: [HomeDisk.Signature?] = [
            nil, .nothing, .fileSystem("ext4"), .fileSystem("ntfs"), .partitions, .other("swap"),
        ]
        for signature in signatures {
            for edges in [HomeDisk.Edges.zero, .unfinishedFormatting, .data] {
                for isWhole in [true, false] {
                    let decision = decide(.found(signature, edges), isWhole: isWhole)
                    let isEmpty = signature == .nothing && edges != .data && isWhole
                    XCTAssertEqual(decision == .format, isEmpty, "\(String(describing: signature)) \(edges)")
                }
            }
        }
    }

    func testWhatIsDoneWithEachDisk() {
        XCTAssertEqual(decide(.absent), .nothing)
        XCTAssertEqual(decide(.mounted), .nothing)
        XCTAssertEqual(decide(.found(.fileSystem("ext4"), .data)), .mount(type: "ext4"))
        XCTAssertEqual(decide(.found(.fileSystem("xfs"), .data)), .mount(type: "xfs"))
        XCTAssertEqual(decide(.found(.partitions, .data)), .usePartition)
        XCTAssertEqual(decide(.found(.fileSystem("ext4"), .data), isWhole: false), .mount(type: "ext4"))
    }

    func testEveryRefusalNamesTheDisk() {
        let refused: [HomeDisk.Facts] = [
            .occupied(by: "tmpfs"), .found(nil, .zero), .found(.fileSystem("vfat"), .data),
            .found(.other("crypto_LUKS"), .data), .found(.nothing, .data),
        ]
        for facts in refused {
            guard case .refuse(let reason) = decide(facts) else {
                XCTFail("\(facts) is not refused")
                continue
            }
            XCTAssert(reason.contains("/dev/vdb"), reason)
        }
        guard case .refuse = decide(.found(.partitions, .data), isWhole: false) else {
            return XCTFail("a table inside a partition")
        }
    }

    func testBlkidIsUnderstood() {
        typealias Signature = HomeDisk.Signature
        XCTAssertEqual(Signature(blkidStatus: 2, output: ""), .nothing)
        XCTAssertEqual(
            Signature(blkidStatus: 0, output: "DEVNAME=/dev/vdb\nUUID=1\nTYPE=ext4\nUSAGE=filesystem\n"),
            .fileSystem("ext4"))
        XCTAssertEqual(Signature(blkidStatus: 0, output: "TYPE=swap\nUSAGE=other\n"), .other("swap"))
        XCTAssertEqual(Signature(blkidStatus: 0, output: "TYPE=crypto_LUKS\nUSAGE=crypto\n"), .other("crypto_LUKS"))
        XCTAssertEqual(Signature(blkidStatus: 0, output: "PTUUID=1\nPTTYPE=dos\n"), .partitions)
        XCTAssertNotEqual(Signature(blkidStatus: 0, output: ""), .nothing)
        XCTAssertNil(Signature(blkidStatus: 8, output: ""), "two signatures at once")
        XCTAssertNil(Signature(blkidStatus: 4, output: "blkid: usage"))
        XCTAssertNil(Signature(blkidStatus: 127, output: ""))
        XCTAssertNil(Signature(blkidStatus: 137, output: ""))
    }

    func testTheEdgesTellDataFromNothing() {
        let mebibyte = [UInt8](repeating: 0, count: 1 << 20)
        XCTAssertEqual(HomeDisk.edges(first: mebibyte, last: mebibyte), .zero)
        for place in [0, 1, 511, 4096, mebibyte.count - 1] {
            var touched = mebibyte
            touched[place] = 1
            XCTAssertEqual(HomeDisk.edges(first: touched, last: mebibyte), .data)
            XCTAssertEqual(HomeDisk.edges(first: mebibyte, last: touched), .data)
        }
        var marked = mebibyte
        let place = marked.count - HomeDisk.markDistance
        marked.replaceSubrange(place..<place + HomeDisk.mark.count, with: HomeDisk.mark)
        var begun = mebibyte
        begun[5000] = 7
        XCTAssertEqual(HomeDisk.edges(first: begun, last: marked), .unfinishedFormatting)
        marked[place] = 0
        XCTAssertEqual(HomeDisk.edges(first: mebibyte, last: marked), .data)
        XCTAssertEqual(HomeDisk.edges(first: [1], last: [1]), .data)
    }
}

import DiskHeaders
import XCTest

final class ImageRulesTests: XCTestCase {
    private func refusal(_ bytes: [UInt8], name: String = "a.qcow2") -> ImageRefusal? {
        do throws(ImageRefusal) {
            _ = try ImageRules.base(bytes, name: name)
            return nil
        } catch {
            return error
        }
    }

    private func overlayRefusal(_ bytes: [UInt8]) -> ImageRefusal? {
        do throws(ImageRefusal) {
            try ImageRules.checkOverlay(bytes, over: "/images/a.qcow2", format: "qcow2")
            return nil
        } catch {
            return error
        }
    }

    func testAnImageThatStandsAloneIsTakenWhateverItIsCalled() throws {
        for version in [2, 3] as [UInt64] {
            for name in ["a.qcow2", "cloud.img", "a.raw", "a"] {
                guard case .qcow2(let header) = try ImageRules.base(Qcow2Bytes(version: version).bytes, name: name)
                else { return XCTFail("\(name) is no qcow2") }
                XCTAssertEqual(header.virtualSize, 10 << 30)
                XCTAssertEqual(header.clusterSize, 65_536)
                XCTAssertEqual(header.version, Int(version))
            }
        }
        // Dirty reference counts, the kind of compression and sub-clusters harm nobody.
        XCTAssertNil(refusal(Qcow2Bytes(features: 0b11001).bytes))
    }

    func testWhatNamesAnotherFileIsRefusedWithTheCommandThatMendsIt() throws {
        let layer = try XCTUnwrap(refusal(Qcow2Bytes(backing: "/etc/shadow").bytes))
        XCTAssertEqual(layer, .layer(over: Array("/etc/shadow".utf8)))
        XCTAssertEqual(
            layer.remedy(for: "/tmp/my disk.qcow2"),
            "make one file of it and add that: qemu-img convert -O qcow2 '/tmp/my disk.qcow2'"
                + " '/tmp/my disk-whole.qcow2'")
        let elsewhere = refusal(Qcow2Bytes(dataFile: "/etc/shadow", features: 4).bytes)
        XCTAssertEqual(elsewhere, .dataElsewhere(Array("/etc/shadow".utf8)))
        XCTAssertEqual(refusal(Qcow2Bytes(features: 4).bytes), .dataElsewhere(nil))
        // QEMU goes by the feature, whether or not a name is there.
        XCTAssertNil(refusal(Qcow2Bytes(dataFile: "/etc/shadow").bytes))
        XCTAssertEqual(refusal(Qcow2Bytes(encryption: 2).bytes), .encrypted(.luks))
        XCTAssertEqual(refusal(Qcow2Bytes(encryption: 1).bytes), .encrypted(.aes))
        XCTAssertEqual(refusal(Qcow2Bytes(features: 2).bytes), .markedDamaged)
        XCTAssertEqual(refusal(Qcow2Bytes(features: 1 << 5 | 1 << 63).bytes), .unknownFeatures([5, 63]))
        for name in ["", "json:{\"driver\":\"nbd\"}", "nbd://somewhere/"] {
            XCTAssertEqual(refusal(Qcow2Bytes(backing: name).bytes), .layer(over: Array(name.utf8)), name)
        }
    }

    func testTextInAHeaderReachesNoTerminalAsItIs() throws {
        let refused = try XCTUnwrap(refusal(Qcow2Bytes(backing: "a\u{1B}]0;x\u{7}\nb\u{202E}").bytes))
        XCTAssert(refused.words.contains("`a\\u{1B}]0;x\\u{7}\\u{A}b\\u{202E}`"), refused.words)
    }

    func testBrokenHeadersAreToldAsBroken() {
        var cut = Qcow2Bytes().bytes
        cut.removeLast(cut.count - 100)
        var extensionTooLong = Qcow2Bytes(backingFormat: "raw").bytes
        extensionTooLong[112 + 4] = 1
        var farName = Qcow2Bytes(backing: "x").bytes
        farName[8] = 1
        let broken = [
            cut, Array(cut.prefix(4)), extensionTooLong, farName, Qcow2Bytes(version: 4).bytes,
            Qcow2Bytes(size: 0).bytes,
            Qcow2Bytes(size: .max).bytes, Qcow2Bytes(encryption: 3).bytes, Qcow2Bytes(tableCount: 1 << 30).bytes,
            Qcow2Bytes(tablePlace: 100).bytes, Qcow2Bytes(headerLength: 96).bytes,
            Qcow2Bytes(headerLength: 105).bytes,
        ]
        for (number, bytes) in broken.enumerated() {
            guard case .broken = refusal(bytes) else {
                XCTFail("case \(number): \(refusal(bytes).map(String.init(describing:)) ?? "taken")")
                continue
            }
        }
        var bits = Qcow2Bytes().bytes
        for value in [0, 8, 22, 63, 64, 255] as [UInt8] {
            bits[23] = value
            guard case .broken = refusal(bits) else { return XCTFail("clusters of 2^\(value)") }
        }
    }

    func testOtherFormatsAreNamedWithWhatToDo() throws {
        func file(_ signature: [UInt8], at place: Int) -> [UInt8] {
            [UInt8](repeating: 0, count: place) + signature + [UInt8](repeating: 0, count: 1_024)
        }
        let files: [(ForeignFormat, [UInt8])] = [
            (.vmdk, file(Array("KDMV".utf8), at: 0)), (.vmdk, Array("# Disk DescriptorFile\nversion=1".utf8)),
            (.vdi, file([0x7F, 0x10, 0xDA, 0xBE], at: 64)), (.luks, file(Array("LUKS".utf8) + [0xBA, 0xBE], at: 0)),
            (.iso, file(Array("CD001".utf8), at: 0x8001)), (.xz, file([0xFD] + Array("7zXZ\0".utf8), at: 0)),
            (.tar, file(Array("ustar".utf8), at: 257)), (.vhd, file(Array("conectix".utf8), at: 0)),
        ]
        for (format, bytes) in files {
            // The name does not make a raw image of it.
            for name in ["a.raw", "a.img", "a.qcow2"] {
                XCTAssertEqual(refusal(bytes, name: name), .foreign(format), name)
            }
        }
        XCTAssertEqual(
            ImageRefusal.foreign(.vhd).remedy(for: "win.vhd"),
            "convert it and add the result: qemu-img convert -f vpc -O qcow2 win.vhd win.qcow2")
        for format in ForeignFormat.allCases {
            XCTAssertNotNil(ImageRefusal.foreign(format).remedy(for: "x"), format.rawValue)
        }
    }

    func testOnlyAFileThatSaysSoIsRaw() throws {
        let bytes = [UInt8](repeating: 7, count: 4_096)
        XCTAssertEqual(try ImageRules.base(bytes, name: "a.raw"), .raw)
        XCTAssertEqual(try ImageRules.base(bytes, name: "a.img"), .raw)
        XCTAssertEqual(refusal(bytes, name: "a.qcow2"), .unknownContent)
        XCTAssertEqual(refusal([], name: "a"), .unknownContent)
    }

    func testAKeptOverlayIsWhatItWasMadeAs() {
        XCTAssertNil(overlayRefusal(Qcow2Bytes(backing: "/images/a.qcow2", backingFormat: "qcow2").bytes))
        let changed: [Qcow2Bytes] = [
            Qcow2Bytes(), Qcow2Bytes(backing: "/etc/shadow", backingFormat: "qcow2"),
            Qcow2Bytes(backing: "/images/a.qcow2", backingFormat: "raw"), Qcow2Bytes(backing: "/images/a.qcow2"),
        ]
        for bytes in changed {
            guard case .otherBase = overlayRefusal(bytes.bytes) else { return XCTFail("\(bytes)") }
        }
        let withData = Qcow2Bytes(
            backing: "/images/a.qcow2", backingFormat: "qcow2", dataFile: "/etc/shadow", features: 4)
        XCTAssertEqual(overlayRefusal(withData.bytes), .dataElsewhere(Array("/etc/shadow".utf8)))
        XCTAssertEqual(overlayRefusal([UInt8](repeating: 0, count: 512)), .unknownContent)
    }
}

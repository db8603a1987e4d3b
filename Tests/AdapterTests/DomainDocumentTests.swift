import FarmModel
import FarmPorts
import Foundation
import XCTest

@testable import LibvirtHypervisor

/// Golden files: `fixtures/libvirt/NAME.xml`. To accept a change, run the test with `QVD_UPDATE_GOLDEN=1`.
final class DomainDocumentTests: XCTestCase {
    static func plain() -> DomainSpecification {
        let owner = DomainOwner(farm: FarmID("a1b2c3")!, node: NodeID(2), vm: VMID(37), epoch: Epoch(5))
        return DomainSpecification(
            owner: owner, title: "anna's desktop", memory: Mebibytes(2048), virtualCPUs: 2,
            disks: DomainDisks(
                system: .file(
                    path: "/var/lib/qvd/storage/overlays/a1b2c3-37-4.qcow2", format: .qcow2,
                    base: DiskFile(path: "/var/lib/qvd/storage/images/office.qcow2", format: .qcow2)),
                user: .file(path: "/var/lib/qvd/storage/homes/a1b2c3-37.raw", format: .raw)),
            networkPort: NetworkPort(
                tap: TapName(owner), mac: MACAddress(forVirtualMachineAt: IPv4Address("10.3.1.44")!)),
            secretPath: "/run/qvd/secrets/a1b2c3-37.secret", consolePath: "/var/log/qvd/console/a1b2c3-37.log",
            kind: .machine(MachineParts(acceleration: .kvm)))
    }

    private func check(_ specification: DomainSpecification, golden name: String) throws {
        let xml = try DomainDocument(specification: specification, emulator: "/usr/bin/qemu-system-x86_64")
            .xml()
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().appendingPathComponent("fixtures/libvirt/\(name).xml")
        if ProcessInfo.processInfo.environment["QVD_UPDATE_GOLDEN"] == "1" {
            try xml.write(to: file, atomically: true, encoding: .utf8)
        }
        XCTAssertEqual(xml, try String(contentsOf: file, encoding: .utf8), "differs from \(file.path)")
    }

    func testAKVMDomainWithAUserDiskIsWrittenAsInTheGoldenFile() throws {
        try check(Self.plain(), golden: "kvm-user-disk")
    }

    func testATCGDomainWithDirectBootIsWrittenAsInTheGoldenFile() throws {
        var specification = Self.plain()
        specification.memory = Mebibytes(96)
        specification.virtualCPUs = 1
        specification.disks.user = nil
        let boot = DirectBoot(
            kernelPath: "/images/demo.kernel", initialRamdiskPath: "/images/demo.initrd",
            commandLine: "root=/dev/vda console=ttyS0 quiet")
        specification.kind = .machine(MachineParts(acceleration: .tcg, directBoot: boot))
        try check(specification, golden: "tcg-direct-boot")
    }

    func testMarkupInNamesAndPathsIsWrittenAsInTheGoldenFile() throws {
        var specification = Self.plain()
        specification.title = "<b>R&D</b> \"Büro\", 'Straße' ]]> &amp; 漢字 🖥\u{0}\u{1b}\u{fffe}\ttab\nline"
        specification.disks.system = .file(
            path: "/storage, <1>/\"a\" & 'b'/ü.qcow2", format: .qcow2,
            base: DiskFile(path: "/images, <&>/'a'.img", format: .raw))
        let boot = DirectBoot(
            kernelPath: "/k <&>,.kernel", initialRamdiskPath: "/i '\",.initrd",
            commandLine: "a=\"b c\" d=<e>&'f',g")
        specification.kind = .machine(MachineParts(acceleration: .kvm, directBoot: boot))
        try check(specification, golden: "markup")
    }

    func testBlockDevicesAndRawFilesAreWrittenAsInTheGoldenFile() throws {
        var specification = Self.plain()
        specification.disks.system = .file(path: "/clones/37.raw", format: .raw)
        specification.disks.user = .block(path: "/dev/mapper/homes-37")
        try check(specification, golden: "block-disk")
    }

    func testWhatIsNoMachineIsRefusedWithWhatToDo() throws {
        var container = Self.plain()
        container.kind = .container(ContainerParts(firstUserID: 1_000_000))
        var onDirectory = Self.plain()
        onDirectory.disks.user = .directory(path: "/homes/37")
        for (specification, words) in [(container, "a machine's image"), (onDirectory, "/homes/37")] {
            XCTAssertThrowsError(try DomainDocument(specification: specification, emulator: "/e").xml()) {
                XCTAssertEqual(($0 as? PortError)?.effect, .rejected)
                XCTAssertEqual(($0 as? PortError)?.reason, .invalid)
                XCTAssertTrue("\($0)".contains(words), "\($0)")
            }
        }
    }

    func testATitleOfNothingIsLeftOut() throws {
        var specification = Self.plain()
        specification.title = ""
        let xml = try DomainDocument(specification: specification, emulator: "/e").xml()
        XCTAssertFalse(xml.contains("<title"), xml)
    }

    func testRelativePathsAndControlCharactersInPathsAreRefused() throws {
        for path in ["relative.qcow2", "", "/new\nline", "/zero\u{0}", "/bell\u{7}", "/\u{ffff}"] {
            var specification = Self.plain()
            specification.disks.system = .file(path: path, format: .qcow2)
            XCTAssertThrowsError(try DomainDocument(specification: specification, emulator: "/e").xml(), path) {
                XCTAssertEqual(($0 as? PortError)?.reason, .invalid)
            }
        }
    }

    func testASecretPathWithCharactersThatLibvirtGarblesIsRefused() {
        for character in [",", "&", "<", ">", "'", "\""] {
            var specification = Self.plain()
            specification.secretPath = "/run/a\(character)b/1.secret"
            XCTAssertThrowsError(try DomainDocument(specification: specification, emulator: "/e").xml()) {
                XCTAssertEqual(($0 as? PortError)?.reason, .invalid)
                XCTAssertTrue("\($0)".contains(specification.secretPath), "\($0)")
            }
        }
    }

    func testUUIDsDifferByFarmAndVMOnly() {
        func uuid(_ farm: String, _ vm: Int64, _ epoch: Int64 = 1) -> String {
            DomainDocument.uuid(
                DomainOwner(farm: FarmID(farm)!, node: NodeID(1), vm: VMID(vm), epoch: Epoch(epoch)))
        }
        XCTAssertEqual(uuid("a1b2c3", 37), "717664a1-b2c3-8000-8000-000000000025")
        XCTAssertEqual(uuid("a1b2c3", 37, 9), uuid("a1b2c3", 37))
        XCTAssertEqual(Set([uuid("a1b2c3", 37), uuid("a1b2c4", 37), uuid("a1b2c3", 38)]).count, 3)
    }

    func testMetadataOfOthersIsNotTakenForOurs() {
        XCTAssertNil(DomainMetadata.owner(from: "<owner/>"))
        XCTAssertNil(DomainMetadata.owner(from: "<owner farm='A1B2C3' node='1' vm='2' epoch='3'/>"))
        XCTAssertNil(DomainMetadata.owner(from: "<owner farm='a1b2c3' node='x' vm='2' epoch='3'/>"))
        XCTAssertNil(DomainMetadata.owner(from: "<owner farm='a1b2c3' node='1' vm='2'/><x epoch='3'/>"))
        XCTAssertEqual(
            DomainMetadata.owner(from: "<owner xmlns='u' farm=\"a1b2c3\" node=\"1\" vm='2' epoch='3'/>"),
            DomainOwner(farm: FarmID("a1b2c3")!, node: NodeID(1), vm: VMID(2), epoch: Epoch(3)),
            "a domain that was started before there were eras is of the first")
        XCTAssertEqual(
            DomainMetadata.owner(from: "<owner farm='a1b2c3' node='1' vm='2' epoch='3' era='4'/>")?.epoch,
            Epoch(3, era: 4))
        XCTAssertNil(DomainMetadata.owner(from: "<owner farm='a1b2c3' node='1' vm='2' epoch='3' era='x'/>"))
    }
}

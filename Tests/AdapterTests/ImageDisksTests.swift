import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import NodeRig
import PortContracts
import XCTest

final class ImageDisksTests: XCTestCase {
    private func overlay(_ vm: Int64, _ fixture: ImageDisksFixture, image: Int = 0) -> OverlaySpecification {
        OverlaySpecification(
            vm: VMID(vm), image: ImageID(Int64(image + 1)), imageFile: fixture.goodImages[image],
            keepsExisting: false)
    }

    func testDisksKeepTheContract() async throws {
        try await ImageDisksFixture.run { fixture in try await runContract(DiskStorageContract(fixture).checks) }
    }

    func testDisksCarryFarmVMAndImageInTheirNames() async throws {
        try await ImageDisksFixture.run { fixture in
            let overlay = try await fixture.port.prepareOverlay(overlay(7, fixture))
            let home = try await fixture.port.ensureUserDisk(of: VMID(7), size: Mebibytes(100))
            let base = DiskFile(path: "\(fixture.folders.images)/\(fixture.goodImages[0])", format: .qcow2)
            XCTAssertEqual(
                overlay, .file(path: "\(fixture.folders.overlays)/00d15c-7-1.qcow2", format: .qcow2, base: base))
            XCTAssertEqual(home, .file(path: "\(fixture.folders.homes)/00d15c-7.raw", format: .raw))
        }
    }

    func testTwoStoragesOfANodeKeepTheirDisksApart() async throws {
        try await ImageDisksFixture.run { fixture in
            let fast = ImageDisks(
                farm: ImageDisksFixture.farm,
                folders: DiskFolders(
                    images: fixture.folders.images, overlays: try fixture.storage.folder("fast/overlays"),
                    homes: try fixture.storage.folder("fast/homes")))
            let ports: [any DiskStorage] = [fixture.port, fast]
            var made: [[DiskAttachment]] = []
            for port in ports {
                let user = try await port.ensureUserDisk(of: VMID(7), size: Mebibytes(8))
                made.append([try await port.prepareOverlay(overlay(7, fixture)), user])
                try await fixture.write("of \(user.path)", to: user)
            }
            XCTAssertEqual(
                made[1].map(\.path),
                [
                    "\(fixture.storage.path)/fast/overlays/00d15c-7-1.qcow2",
                    "\(fixture.storage.path)/fast/homes/00d15c-7.raw",
                ])
            for (port, disks) in zip(ports, made) {
                let seen = try await port.observe().map(\.path)
                XCTAssertEqual(seen, disks.map(\.path))
                let holds = try await fixture.holds("of \(disks[1].path)", disks[1])
                XCTAssertTrue(holds)
            }
            try await fast.removeOverlays(of: VMID(7))
            try await fast.deleteUserDisk(of: VMID(7))
            let (left, gone) = (try await fixture.port.observe().map(\.path), try await fast.observe())
            XCTAssertEqual(left, made[0].map(\.path))
            XCTAssertEqual(gone, [])
        }
    }

    func testAUserDiskIsSparseAndPrivate() async throws {
        try await ImageDisksFixture.run { fixture in
            // Larger than the storage: nothing is allocated.
            let home = try await fixture.port.ensureUserDisk(of: VMID(1), size: Mebibytes(1000)).path
            let facts = try FileManager.default.attributesOfItem(atPath: home)
            XCTAssertEqual(facts[.size] as? Int64, 1000 << 20)
            XCTAssertEqual(facts[.posixPermissions] as? Int, 0o600)
            let used = try await fixture.port.observe().map(\.usedBytes)
            XCTAssertEqual(used, [0])
        }
    }

    func testOnlyFilesOfThisFarmAreSeenOrRemoved() async throws {
        try await ImageDisksFixture.run { fixture in
            let others = [
                "00d15d-7-1.qcow2", "00d15c-07-1.qcow2", "00d15c-7-1.qcow2.bak", "7-1.qcow2",
                "00d15c-7-x.qcow2",
                "00d15c-7.qcow2", ".part-00d15d-7.abc", "lost+found-00d15c-7-1.qcow2",
            ]
            for name in others {
                try Data("x".utf8).write(to: URL(fileURLWithPath: "\(fixture.folders.overlays)/\(name)"))
            }
            _ = try await fixture.port.prepareOverlay(overlay(7, fixture))
            try await fixture.port.removeOverlays(of: VMID(7))
            let seen = try await fixture.port.observe()
            XCTAssertEqual(seen, [])
            let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folders.overlays)
            XCTAssertEqual(Set(left), Set(others + [".lock-00d15c"]))
        }
    }

    func testAForeignFileWithTheNameOfAUserDiskIsNeverOverwritten() async throws {
        try await ImageDisksFixture.run { fixture in
            let path = "\(fixture.folders.homes)/00d15c-9.raw"
            try Data("not ours".utf8).write(to: URL(fileURLWithPath: path))
            let returned = try await fixture.port.ensureUserDisk(of: VMID(9), size: Mebibytes(8))
            XCTAssertEqual(returned.path, path)
            XCTAssertEqual(try String(contentsOfFile: path, encoding: .utf8), "not ours")
            let folder = "\(fixture.folders.homes)/00d15c-10.raw"
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: false)
            try await requireFailure(
                .rejected, .invalid, "a folder with the name of a user disk",
                of: { () async throws(PortError) in
                    try await fixture.port.ensureUserDisk(of: VMID(10), size: Mebibytes(8))
                })
        }
    }

    func testTwoStartsAtOnceMakeOneUserDisk() async throws {
        try await ImageDisksFixture.run { fixture in
            for vm in 1...20 {
                try await withThrowingTaskGroup(of: UInt64.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            let path = try await fixture.port.ensureUserDisk(
                                of: VMID(Int64(vm)), size: Mebibytes(8)
                            ).path
                            let facts = try FileManager.default.attributesOfItem(atPath: path)
                            return facts[.systemFileNumber] as? UInt64 ?? 0
                        }
                    }
                    var inodes: Set<UInt64> = []
                    for try await inode in group { inodes.insert(inode) }
                    XCTAssertEqual(inodes.count, 1, "a disk was replaced by another")
                }
            }
            let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folders.homes)
            XCTAssertEqual(names.filter { $0.hasPrefix(".part") }, [])
        }
    }

    func testLeftoversOfACrashAreCollectedButNotFilesBeingMade() async throws {
        try await ImageDisksFixture.run { fixture in
            let leftover = "\(fixture.folders.overlays)/.part-00d15c-3.aaaaaa"
            try Data("half".utf8).write(to: URL(fileURLWithPath: leftover))
            // Another process that makes a file holds a shared lock.
            let lock = open("\(fixture.folders.overlays)/.lock-00d15c", O_RDWR | O_CREAT, 0o600)
            XCTAssertEqual(flock(lock, LOCK_SH), 0)
            _ = try await fixture.port.observe()
            XCTAssertTrue(
                FileManager.default.fileExists(atPath: leftover), "removed while somebody makes a file")
            close(lock)
            _ = try await fixture.port.observe()
            XCTAssertFalse(FileManager.default.fileExists(atPath: leftover), "not collected")
        }
    }

    func testAFullStorageIsToldWithTheSpaceThatIsLeft() async throws {
        try await ImageDisksFixture.run { fixture in
            try await fixture.fillUp()
            let error = try await requireFailure(
                .rejected, .noSpace, "an overlay on a full storage",
                of: { () async throws(PortError) in try await fixture.port.prepareOverlay(overlay(1, fixture)) })
            XCTAssertTrue(error.detail.contains("0 MiB of"), error.detail)
            XCTAssertTrue(error.detail.contains(fixture.folders.overlays), error.detail)
            let names = try FileManager.default.contentsOfDirectory(atPath: fixture.folders.overlays)
            XCTAssertEqual(names.filter { $0 != ".lock-00d15c" }, [])
        }
    }

    func testAMissingFolderIsNotMadeButTold() async throws {
        try await ImageDisksFixture.run { fixture in
            var folders = fixture.folders
            folders.homes = "\(fixture.storage.path)/not-mounted"
            let port = ImageDisks(farm: ImageDisksFixture.farm, folders: folders)
            let error = try await requireFailure(
                .rejected, .unavailable, "a user disk in a missing folder",
                of: { () async throws(PortError) in
                    try await port.ensureUserDisk(of: VMID(1), size: Mebibytes(8))
                })
            XCTAssertTrue(
                error.detail.contains(folders.homes) && error.detail.contains("mount"), error.detail)
            XCTAssertFalse(FileManager.default.fileExists(atPath: folders.homes))
        }
    }

    func testAnImageReplacedUnderItsNameIsLookedAtAgain() async throws {
        try await ImageDisksFixture.run { fixture in
            _ = try await fixture.port.inspect(imageFile: fixture.goodImages[0])
            let path = "\(fixture.folders.images)/\(fixture.goodImages[0])"
            try FileManager.default.removeItem(atPath: path)
            try Data("no image".utf8).write(to: URL(fileURLWithPath: path))
            try await requireFailure(
                .rejected, .corrupt, "an image that was replaced by garbage",
                of: { () async throws(PortError) in
                    try await fixture.port.inspect(imageFile: fixture.goodImages[0])
                })
        }
    }

    func testImageNamesCannotLeaveTheirFolder() async throws {
        try await ImageDisksFixture.run { fixture in
            for name in ["../x.qcow2", "/etc/passwd", "", ".hidden", "a/b.qcow2", "-o x.qcow2"] {
                let reason: PortError.Reason = name == "-o x.qcow2" ? .notFound : .invalid
                try await requireFailure(
                    .rejected, reason, "image named '\(name)'",
                    of: { () async throws(PortError) in try await fixture.port.inspect(imageFile: name) })
            }
        }
    }

    func testAMissingCommandIsNamed() async throws {
        try await ImageDisksFixture.run { fixture in
            let port = ImageDisks(
                farm: ImageDisksFixture.farm, folders: fixture.folders, command: "/nowhere/qemu-img")
            let error = try await requireFailure(
                .rejected, .unavailable, "without qemu-img",
                of: { () async throws(PortError) in try await port.prepareOverlay(overlay(1, fixture)) })
            XCTAssertTrue(error.detail.contains("/nowhere/qemu-img"), error.detail)
        }
    }
}

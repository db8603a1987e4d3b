import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import LibvirtHypervisor
import NodeRig
import PortContracts
import XCTest

/// A Linux guest on disks of the disks adapter, with a secret of the secrets adapter, in folders with
/// difficult names.
final class LibvirtGuestTests: XCTestCase {
    /// Names that mean something to XML, to QEMU's option syntax, or to a shell.
    private static let trickyNames = [
        "comma, and,,two=x,file=y", "R&D <x> q'uo\"te", "Büro 漢字 $(reboot)`x`",
        "-dash back\\slash;|#% json:{}",
    ]

    private struct Setup {
        var specification: DomainSpecification
        var disks: ImageDisks
        var secret: AgentSecret
        var console: String
    }

    /// Everything of a VM with a busybox guest, in a folder of this name.
    ///
    /// - Parameter overlays: the folder of the overlays, when it lies elsewhere.
    private func setUp(
        _ vm: Int64, folder name: String, overlays: String? = nil, _ fixture: LibvirtFixture
    ) async throws -> Setup {
        let folder = try fixture.scratch.folder("\(name)-\(vm)")
        let folders = DiskFolders(
            images: try fixture.scratch.folder("\(name)-\(vm)/images"),
            overlays: try overlays ?? fixture.scratch.folder("\(name)-\(vm)/overlays"),
            homes: try fixture.scratch.folder("\(name)-\(vm)/homes"))
        let disks = ImageDisks(farm: fixture.farm, folders: folders)
        let image = "im,age <\(vm)>.qcow2"
        try await RigCommand.run(
            "qemu-img", "create", "-q", "-f", "qcow2", "\(folders.images)/\(image)", "16M")
        _ = try BusyboxGuest.prepare(in: folders.images, name: "im,age <\(vm)>")
        let facts = try await disks.inspect(imageFile: image)
        var specification = try await fixture.specification(of: VMID(vm), epoch: Epoch(1))
        specification.title = name
        specification.memory = Mebibytes(96)
        specification.kind = .machine(MachineParts(acceleration: .tcg, directBoot: facts.directBoot))
        specification.disks.system = try await disks.prepareOverlay(
            OverlaySpecification(vm: VMID(vm), image: ImageID(1), imageFile: image, keepsExisting: true))
        specification.disks.user = try await disks.ensureUserDisk(of: VMID(vm), size: Mebibytes(8))
        let secret = AgentSecret(String(repeating: "5ec2e7", count: 10) + String(format: "%04x", vm))
        // The one path in which libvirt garbles some characters (see DomainDocument).
        let safe = try fixture.scratch.folder("\(name)-\(vm)".filter { !",&<>'\"".contains($0) })
        specification.secretPath = try await SecretFolder(farm: fixture.farm, folder: "\(safe)/secrets")
            .hand(secret, to: VMID(vm))
        specification.consolePath = "\(folder)/con,sole.log"
        return Setup(
            specification: specification, disks: disks, secret: secret, console: specification.consolePath)
    }

    private func text(_ path: String) -> String {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) } ?? ""
    }

    /// The domain names its whole chain: what a header names besides is neither looked for nor opened.
    func testTheEmulatorOpensNothingThatAHeaderNames() async throws {
        try await LibvirtFixture.run { fixture in
            let setup = try await setUp(55, folder: "chain", fixture)
            guard case .file(let overlay, _, let base?) = setup.specification.disks.system else {
                return XCTFail("an overlay without a base: \(setup.specification.disks.system)")
            }
            let foreign = "\(fixture.scratch.path)/foreign.bin"
            try Data(repeating: 0x53, count: 1 << 20).write(to: URL(fileURLWithPath: foreign))
            for file in [base.path, overlay] {
                try await RigCommand.run("qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", foreign, file)
            }
            try await fixture.port.define(setup.specification)
            try await fixture.port.create(setup.specification.name)
            let emulator = try XCTUnwrap(fixture.rig.emulator(of: setup.specification.name.text))
            let folder = "/proc/\(emulator)/fd"
            // One that is closed meanwhile is not there any more.
            let open = try FileManager.default.contentsOfDirectory(atPath: folder).compactMap {
                try? FileManager.default.destinationOfSymbolicLink(atPath: "\(folder)/\($0)")
            }
            XCTAssert(open.contains(overlay) && open.contains(base.path), "\(open)")
            XCTAssertFalse(open.contains(foreign), "\(open)")
            try await fixture.port.destroy(setup.specification.name)
        }
    }

    /// A write of the guest finds the storage full: it waits for room, and nothing is lost.
    func testADomainWhoseStorageIsFullIsPausedAndGoesOnWhenThereIsRoom() async throws {
        let storage = try await ScratchFolder.ext4("full", megabytes: 16)
        try await LibvirtFixture.run { fixture in
            let setup = try await setUp(54, folder: "full", overlays: storage.path, fixture)
            let name = setup.specification.name
            let filler = "\(storage.path)/filler"
            try await RigCommand.run("sh", "-c", "cat /dev/zero >'\(filler)' 2>/dev/null || sync")
            try await fixture.port.define(setup.specification)
            try await fixture.port.create(name)
            func state() async throws -> ObservedDomain.State? {
                try await fixture.port.observe().first { $0.name == name }?.state
            }
            try await waitFor("\(name) to be paused; its console: \(setup.console)", upTo: .seconds(120)) {
                try await state() == .paused
            }
            XCTAssertFalse(text(setup.console).contains(BusyboxGuest.readyText), "it did not wait for its write")
            try FileManager.default.removeItem(atPath: filler)
            try await fixture.resume(name)
            try await waitFor("the guest to go on", upTo: .seconds(120)) {
                text(setup.console).contains(BusyboxGuest.readyText)
            }
            let found = try await state()
            XCTAssertEqual(found, .running)
            try await fixture.port.destroy(name)
            // What it wrote is there.
            let second = try await bootUntilReady(setup, fixture)
            XCTAssertTrue(second.contains("MARK vda x"), "\(second)")
        }
        try await storage.remove()
    }

    private func bootUntilReady(_ setup: Setup, _ fixture: LibvirtFixture) async throws -> [String] {
        try await fixture.port.define(setup.specification)
        try await fixture.port.create(setup.specification.name)
        try await waitFor("the guest's console to say that it is ready", upTo: .seconds(120)) {
            text(setup.console).contains(BusyboxGuest.readyText)
        }
        return text(setup.console).split(whereSeparator: \.isNewline).filter { $0.hasPrefix("MARK") }.map(
            String.init)
    }

    func testAGuestReadsItsSecretAndKeepsItsDisksAndTheImageIsNeverWritten() async throws {
        try await LibvirtFixture.run { fixture in
            let setup = try await setUp(51, folder: "disks", fixture)
            let image = "\(fixture.scratch.path)/disks-51/images/im,age <51>.qcow2"
            let before = try await RigCommand.run("sha256sum", image)
            let expected = try await RigCommand.run("md5sum", setup.specification.secretPath).prefix(32)
            let first = try await bootUntilReady(setup, fixture)
            XCTAssertTrue(first.contains("MARK secret \(expected)"), "\(first)")
            XCTAssertTrue(
                first.contains { $0.trimmingCharacters(in: .whitespaces) == "MARK vda" }, "\(first)")
            try await requireSecretNowhere(setup, fixture)
            try await fixture.port.destroy(setup.specification.name)
            // The overlay is kept, so both disks hold what was written.
            let second = try await bootUntilReady(setup, fixture)
            XCTAssertTrue(second.contains("MARK vda x") && second.contains("MARK vdb x"), "\(second)")
            try await fixture.port.destroy(setup.specification.name)
            // A fresh overlay: only the user disk does.
            _ = try await setup.disks.prepareOverlay(
                OverlaySpecification(
                    vm: VMID(51), image: ImageID(1), imageFile: "im,age <51>.qcow2", keepsExisting: false))
            let third = try await bootUntilReady(setup, fixture)
            XCTAssertTrue(
                third.contains { $0.trimmingCharacters(in: .whitespaces) == "MARK vda" }, "\(third)")
            XCTAssertTrue(third.contains("MARK vdb xx"), "\(third)")
            try await fixture.port.destroy(setup.specification.name)
            let after = try await RigCommand.run("sha256sum", image)
            XCTAssertEqual(after, before, "the base image was written")
        }
    }

    func testAnEmulatorThatRunsAsDebiansOwnUserGetsItsFiles() async throws {
        try await LibvirtFixture.run { fixture in
            try await fixture.rig.stop()
            try await LibvirtRig.start(.libvirtQemu)
            try await waitFor("the adapter to find libvirtd again") {
                do throws(PortError) {
                    _ = try await fixture.port.observe()
                    return true
                } catch {
                    return false
                }
            }
            let setup = try await setUp(53, folder: "unprivileged", fixture)
            let marks = try await bootUntilReady(setup, fixture)
            let emulator = try XCTUnwrap(fixture.rig.emulator(of: setup.specification.name.text))
            let user = try FileManager.default.attributesOfItem(atPath: "/proc/\(emulator)")[
                .ownerAccountName]
            XCTAssertEqual(user as? String, "libvirt-qemu")
            XCTAssertTrue(marks.contains { $0.hasPrefix("MARK secret") }, "\(marks)")
            let mode = try FileManager.default.attributesOfItem(atPath: setup.specification.secretPath)
            XCTAssertEqual(mode[.posixPermissions] as? Int, 0o600)
            try await fixture.port.destroy(setup.specification.name)
            try await fixture.rig.stop()
            try await LibvirtRig.start()
        }
    }

    /// In no process's arguments or environment, no log, and no XML, not even what only the administrator may
    /// read.
    private func requireSecretNowhere(_ setup: Setup, _ fixture: LibvirtFixture) async throws {
        let secret = setup.secret.text
        let name = setup.specification.name.text
        var pathIsSeen = false
        for process in try FileManager.default.contentsOfDirectory(atPath: "/proc")
        where Int32(process) != nil {
            for file in ["cmdline", "environ"] {
                let content = text("/proc/\(process)/\(file)")
                XCTAssertFalse(content.contains(secret), "the secret is in /proc/\(process)/\(file)")
                if content.contains("opt/qvd/secret") { pathIsSeen = true }
            }
        }
        XCTAssertTrue(pathIsSeen, "the emulator's arguments were not among those searched")
        for arguments in [[], ["--inactive"]] {
            let xml = try await RigCommand.run(
                ["virsh", "-c", LibvirtRig.uri, "dumpxml", "--security-info"] + arguments + [name])
            XCTAssertTrue(xml.contains("opt/qvd/secret"), xml)
            XCTAssertFalse(xml.contains(secret), "the secret is in the domain's XML")
        }
        XCTAssertFalse(try fixture.rig.logs().contains(secret), "the secret is in a log")
        for folder in ["/etc/libvirt", "/run/libvirt", "/var/lib/libvirt", "/var/cache/libvirt"] {
            let files = FileManager.default.enumerator(atPath: folder)
            while let file = files?.nextObject() as? String {
                XCTAssertFalse(
                    text("\(folder)/\(file)").contains(secret), "the secret is in \(folder)/\(file)")
            }
        }
    }

    func testTitlesAndPathsWithDifficultCharactersWorkForReal() async throws {
        try await LibvirtFixture.run { fixture in
            for (index, name) in Self.trickyNames.enumerated() {
                let vm = Int64(60 + index)
                let setup = try await setUp(vm, folder: name, fixture)
                let expected = try await RigCommand.run("md5sum", "--zero", setup.specification.secretPath)
                    .prefix(32)
                let marks = try await bootUntilReady(setup, fixture)
                XCTAssertTrue(marks.contains("MARK secret \(expected)"), "\(name): \(marks)")
                XCTAssertTrue(marks.contains { $0.hasPrefix("MARK vda") }, "\(name): \(marks)")
                XCTAssertTrue(marks.contains { $0.hasPrefix("MARK vdb") }, "\(name): \(marks)")
                let title = try await RigCommand.run(
                    "virsh", "-c", LibvirtRig.uri, "desc", "--title", setup.specification.name.text)
                XCTAssertEqual(title.trimmingCharacters(in: .newlines), name)
                let owner = try await fixture.port.observe().first { $0.name == setup.specification.name }?
                    .owner
                XCTAssertEqual(owner, setup.specification.owner)
                try await fixture.port.destroy(setup.specification.name)
            }
        }
    }
}

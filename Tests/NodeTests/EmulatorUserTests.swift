import Foundation
import NodeRig
import XCTest

/// Debian's libvirt runs emulators as a user of their own, and gives that user a domain's files while it runs.
final class EmulatorUserTests: XCTestCase {
    func testADesktopStartsWhenEmulatorsRunAsDebiansOwnUser() async throws {
        try await LibvirtRig.start().stop()
        try await LibvirtRig.start(.libvirtQemu)
        try await withFarm { farm, _ in
            try await farm.addDesktops(["one"])
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            let secrets = try FileManager.default.attributesOfItem(atPath: "\(farm.folder)/run/secrets")
            XCTAssertEqual(secrets[.posixPermissions] as? Int, 0o711)
            try await assertNobodyCanWriteTheImage(farm)
            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
        }
        try await LibvirtRig.start().stop()
        try await LibvirtRig.start()
    }

    /// A guest that took its emulator over is that user, and every other desktop of the image stands on the same file.
    private func assertNobodyCanWriteTheImage(_ farm: FarmRig) async throws {
        let folder = "\(farm.folder)/storage/images"
        let names = try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".qcow2") }
        XCTAssertFalse(names.isEmpty)
        for name in names {
            let path = "\(folder)/\(name)"
            let owner = try FileManager.default.attributesOfItem(atPath: path)[.ownerAccountID] as? Int
            XCTAssertEqual(owner, 0, "\(name) was given away")
            for attempt in ["exec 3>>\"$0\"", "chmod 0666 \"$0\"", "mv \"$0\" \"$0.old\""] {
                let isDone = try await RigCommand.succeeds(
                    "setpriv", "--reuid", "libvirt-qemu", "--regid", "libvirt-qemu", "--init-groups", "sh", "-c",
                    attempt,
                    path)
                XCTAssertFalse(isDone, "the emulators' user can \(attempt) \(name)")
            }
        }
    }
}

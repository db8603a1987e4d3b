import Foundation
import NodeRig
import XCTest

/// A real node with two storages: each VM's disks lie where its row says, and user disks are deleted when that is
/// wished. The guest is a tiny one without an agent: its disks are made all the same.
final class StorageTests: XCTestCase {
    func testDisksLieOnTheStorageOfTheirVMAndAreDeletedByTheNode() async throws {
        let fast = try ScratchFolder("fast")
        // A guest that is still booting does not hear that it is to shut down.
        let keys = [
            "path.storage.more = fast=\(fast.path)",
            "internal.hkd.kvm.timeout.on_state.stopping.stop.waiting_for_kvm = 3",
        ]
        try await withFarm(keys) { farm, _ in
            try await TinyGuest.writeImage(to: "\(fast.path)/tiny.qcow2")
            try await farm.qvd("osf", "add", "tiny", "--memory", "64", "--user-disk", "8")
            try await farm.qvd("di", "add", "tiny", "\(fast.path)/tiny.qcow2")
            try await farm.qvd("user", "add", "alice", "--password-file", farm.passwordFile)
            try await farm.qvd("vm", "add", "plain", "--user", "alice", "--osf", "tiny")
            try await farm.qvd("vm", "add", "swift", "--user", "alice", "--osf", "tiny", "--storage", "fast")
            for vm in ["plain", "swift"] { try await farm.qvd("vm", "start", vm) }
            try await waitFor("both domains", upTo: .seconds(60)) {
                try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--name").split(separator: "\n").count
                    == 2
            }
            try await self.checkPlaces(farm, fast.path)

            for vm in ["plain", "swift"] {
                try await farm.qvd("vm", "stop", vm)
                try await farm.waitUntil(vm, is: "stopped")
            }
            XCTAssertEqual(try self.files(fast.path + "/overlays"), [])
            let kept = try await farm.qvd("vm", "delete", "plain")
            XCTAssert(kept.contains("its user disk stays"), kept)
            let gone = try await farm.qvd("vm", "delete", "swift", "--delete-user-disk")
            XCTAssert(gone.contains("the user disk of VM 2 on storage fast is deleted"), gone)
            XCTAssertEqual(try self.files(fast.path + "/homes"), [])
            XCTAssertEqual(try self.files(farm.folder + "/storage/homes").count, 1)
            let deleted = try await farm.qvd("disks", "delete", "1")
            XCTAssert(deleted.contains("the user disk of VM 1 is deleted"), deleted)
            XCTAssertEqual(try self.files(farm.folder + "/storage/homes"), [])
            let audit = try await farm.qvd("audit")
            XCTAssert(audit.contains("delete the user disk of VM 2 on storage fast"), audit)
        }
        try await fast.remove()
    }

    private func checkPlaces(_ farm: FarmRig, _ fast: String) async throws {
        for (vm, folder) in [("1", "\(farm.folder)/storage"), ("2", fast)] {
            let names = try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--name").split(separator: "\n")
            let domain = try XCTUnwrap(names.first { $0.hasSuffix("-\(vm)") }.map(String.init))
            let disks = try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "domblklist", domain)
            XCTAssert(disks.contains("\(folder)/overlays/") && disks.contains("\(folder)/homes/"), disks)
        }
    }

    /// But those that coordinate the folder's users.
    private func files(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { !$0.hasPrefix(".") }.sorted()
    }
}

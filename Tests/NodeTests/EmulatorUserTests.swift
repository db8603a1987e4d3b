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
            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
        }
        try await LibvirtRig.start().stop()
        try await LibvirtRig.start()
    }
}

import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import NodeRig
import PortContracts
import XCTest

final class SecretFolderTests: XCTestCase {
    private struct Fixture: SecretFilesFixture {
        let port: SecretFolder

        func text(at path: String) async throws -> String? {
            guard FileManager.default.fileExists(atPath: path) else { return nil }
            return try String(contentsOfFile: path, encoding: .utf8)
        }

        func isPrivate(_ path: String) async throws -> Bool {
            let folder = (path as NSString).deletingLastPathComponent
            let modes = try [path, folder].map {
                try FileManager.default.attributesOfItem(atPath: $0)[.posixPermissions] as? Int
            }
            return modes == [0o600, 0o711]
        }
    }

    func testSecretsKeepTheContract() async throws {
        let scratch = try ScratchFolder("secrets")
        let port = SecretFolder(farm: FarmID("00d15c")!, folder: "\(scratch.path)/secrets")
        try await runContract(SecretFilesContract(Fixture(port: port)).checks)
        let left = try FileManager.default.contentsOfDirectory(atPath: "\(scratch.path)/secrets")
        XCTAssertEqual(left, [".lock-00d15c"])
        try await scratch.remove()
    }

    func testAFolderThatNoEmulatorCanGoThroughIsOpenedToThem() async throws {
        let scratch = try ScratchFolder("secrets")
        let folder = try scratch.folder("closed")
        chmod(folder, 0o700)
        let port = SecretFolder(farm: FarmID("00d15c")!, folder: folder)
        let path = try await port.hand(AgentSecret("s"), to: VMID(1))
        let isPrivate = try await Fixture(port: port).isPrivate(path)
        XCTAssert(isPrivate, "not 0711, and 0600 for the file")
        try await scratch.remove()
    }

    func testAFolderThatOthersCanReadIsRefused() async throws {
        let scratch = try ScratchFolder("secrets")
        let folder = try scratch.folder("open")
        chmod(folder, 0o755)
        let port = SecretFolder(farm: FarmID("00d15c")!, folder: folder)
        let secret = AgentSecret("0011223344556677")
        let error = try await requireFailure(
            .rejected, .denied, "a folder that others can read",
            of: { () async throws(PortError) in try await port.hand(secret, to: VMID(1)) })
        XCTAssertFalse("\(error)".contains(secret.text))
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), [])
        try await scratch.remove()
    }
}

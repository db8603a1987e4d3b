import Foundation
import XCTest

/// `qvd-node check` on a machine that is no node yet: each finding says what is wrong and what to do.
final class NodeCheckTests: XCTestCase {
    private func check(_ rig: AdministrationRig, _ lines: [String] = []) throws -> (status: Int32, text: String) {
        let file = rig.path("check.conf")
        let text = try String(contentsOfFile: rig.configuration, encoding: .utf8)
        // A bridge of this name is nowhere, whatever else the machine has.
        let own = lines + ["vm.network.bridge = qvdnowhere", "libvirt.uri = qemu+unix:///system?socket=/nonexistent"]
        let kept = text.split(separator: "\n").map(String.init).filter { line in
            !lines.contains { $0.prefix { $0 != "=" } == line.prefix { $0 != "=" } }
        }
        try (kept + own).joined(separator: "\n").write(toFile: file, atomically: true, encoding: .utf8)
        return try words(
            of: [
                AdministrationRig.program.deletingLastPathComponent().appending(path: "qvd-node").path, "check",
                "--config", file,
            ])
    }

    func testAMissingBridgeHypervisorAndNodeAreNamedWithWhatToDo() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let (status, text) = try check(rig, ["nodename = nodeX"])
        XCTAssertEqual(status, 1, text)
        for words in [
            "ok    database", "FAIL  node ", "looking for node `nodeX`: the farm has node1", "FAIL  bridge",
            "there is no bridge qvdnowhere", "ip link add qvdnowhere type bridge", "FAIL  hypervisor", "libvirt.uri",
        ] { XCTAssertTrue(text.contains(words), "no `\(words)` in:\n\(text)") }
        XCTAssertTrue(try rig.qvd("node", "list").output.contains("stopped"), "it changes nothing")
    }

    func testADatabaseThatIsMissingIsNamed() throws {
        let rig = try AdministrationRig()
        let (status, text) = try check(rig)
        XCTAssertEqual(status, 1, text)
        XCTAssertTrue(text.contains("FAIL  database") && text.contains(rig.database), text)
        XCTAssertTrue(text.contains("qvd init"), text)
        XCTAssertFalse(FileManager.default.fileExists(atPath: rig.database))
    }

    func testImagesThatAreMissingOrDamagedAreNamed() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        XCTAssertTrue(try check(rig).text.contains("ok    image 1"))
        let image = rig.path("storage/images/base.qcow2")
        try "garbage".write(toFile: image, atomically: true, encoding: .utf8)
        let damaged = try check(rig)
        XCTAssertEqual(damaged.status, 1)
        XCTAssertTrue(damaged.text.contains("image 1") && damaged.text.contains("base.qcow2"), damaged.text)
        try FileManager.default.removeItem(atPath: image)
        let missing = try check(rig).text
        XCTAssertTrue(missing.contains("image 1") && missing.contains(image), missing)
    }
}

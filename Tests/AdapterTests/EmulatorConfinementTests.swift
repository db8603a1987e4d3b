@testable import LibvirtHypervisor
import NodeRig
import XCTest

final class EmulatorConfinementTests: XCTestCase {
    private func read(_ models: String) -> EmulatorConfinement {
        EmulatorConfinement(capabilities: "<capabilities><host><uuid>1</uuid>\(models)</host></capabilities>")
    }

    func testCapabilitiesSayWhoEmulatorsAreAndWhatConfinesThem() {
        let confined = read(
            """
            <secmodel><model>apparmor</model><doi>0</doi></secmodel>
            <secmodel><model>dac</model><doi>0</doi><baselabel type='kvm'>+64055:+109</baselabel>
            <baselabel type='qemu'>+64055:+109</baselabel></secmodel>
            """)
        XCTAssertEqual(confined, EmulatorConfinement(user: 64_055, model: "apparmor"))
        let root = read("<secmodel><model>dac</model><baselabel type='qemu'>+0:+0</baselabel></secmodel>")
        XCTAssertEqual(root, EmulatorConfinement(user: 0, model: nil))
        XCTAssertEqual(read("<secmodel><model>none</model></secmodel>"), EmulatorConfinement(user: nil, model: nil))
        for text in ["", "<secmodel>", "<secmodel><model>", "<secmodel><model>dac</model><baselabel type='qemu'>+x:"] {
            XCTAssertNil(EmulatorConfinement(capabilities: text).user)
        }
    }

    func testTheRigsLibvirtdSaysThatItsEmulatorsAreRoots() async throws {
        try await LibvirtRig.start()
        let found = try await LibvirtHypervisor(uri: LibvirtRig.uri).confinement()
        XCTAssertEqual(found, EmulatorConfinement(user: 0, model: nil))
    }
}

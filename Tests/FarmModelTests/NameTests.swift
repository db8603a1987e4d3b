import FarmModel
import XCTest

final class NameTests: XCTestCase {
    func testALoginMayNameItsTenant() {
        for (text, login, tenant) in [
            ("alice", "alice", "default"), (" Alice \t", "alice", "default"), ("ALICE@Acme", "alice", "acme"),
            ("alice#acme", "alice", "acme"), ("alice@acme#x", "alice", "acme#x"), ("a.b+c@acme", "a.b+c", "acme"),
            ("Ünal@Größe", "ünal", "größe"),
        ] {
            let name = LoginName(text)
            XCTAssertEqual(name?.login, login, text)
            XCTAssertEqual(name?.tenant, tenant, text)
        }
        XCTAssertEqual(LoginName("Alice").map { "\($0)" }, "alice@default")
        for text in ["", "  ", "@", "#acme", "@acme", "alice@", "alice#", " @ "] { XCTAssertNil(LoginName(text), text) }
    }

    func testTapNamesFitAnInterfaceNameAndCanBeReadBack() throws {
        let farm = FarmID(bits: 0x0a_1b2c)
        for (node, vm, text) in [
            (Int64(1), Int64(1), "q0a1b2c-01-0001"), (35, 36, "q0a1b2c-0z-0010"),
            (1295, TapName.vmMax, "q0a1b2c-zz-zzzz"), (1296, 1, "q0a1b2c01000001"), (100_000, 36, "q0a1b2c255s0010"),
            (TapName.nodeMax, TapName.vmMax, "q0a1b2czzzzzzzz"),
        ] {
            let name = TapName(farm: farm, node: NodeID(node), vm: VMID(vm))
            XCTAssertEqual(name.text, text)
            XCTAssertLessThanOrEqual(name.text.utf8.count, 15, "IFNAMSIZ is 16 with its final zero")
            let read = try XCTUnwrap(TapName(text))
            XCTAssertEqual([read.node.rawValue, read.vm.rawValue], [node, vm])
            XCTAssertEqual(read.farm, farm)
        }
        let owner = DomainOwner(farm: farm, node: NodeID(1), vm: VMID(1), epoch: Epoch(3))
        XCTAssertEqual(TapName(owner).text, "q0a1b2c-01-0001")
    }

    func testInterfacesOfOthersAreNotTakenForTaps() {
        for text in [
            "", "eth0", "q", "qvdnet0", "vnet3", "q0a1b2c-01-001", "q0a1b2c-1-0001", "q0A1B2C-01-0001",
            "q0a1b2c-01-00001", "q0a1b2c-01_0001", "p0a1b2c-01-0001", "q0a1b2c-01-000Z", "q0a1b2c--1-0001",
            "q0a1b2c-+1-0001", "q0a1b2c-01-0001x", "q0a1b2c-01-0001-0",
            // Numbers that have the other form, and signs.
            "q0a1b2c00010001", "q0a1b2c00zz0001", "q0a1b2c-0101-01", "q0a1b2c01000-01", "q0a1b2c-1000001",
            "q0a1b2c0100000", "q0a1b2c010000001", "q0a1b2c+1000001", "q0a1b2c01000+01", "q0a1b2cZZZZ0001",
        ] { XCTAssertNil(TapName(text), text) }
    }

    func testADomainIsNamedByFarmAndVM() {
        XCTAssertEqual(DomainName(farm: FarmID(bits: 0x0a_1b2c), vm: VMID(12)).text, "qvd-0a1b2c-12")
        XCTAssertEqual(DomainName(observed: "anybody's").description, "anybody's")
    }
}

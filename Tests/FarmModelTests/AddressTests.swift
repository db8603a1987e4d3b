import FarmModel
import Foundation
import XCTest

final class AddressTests: XCTestCase {
    private func address(_ text: String) throws -> IPv4Address { try XCTUnwrap(IPv4Address(text), text) }

    func testAddressesAreFourDecimalNumbers() throws {
        for text in ["0.0.0.0", "10.3.255.254", "255.255.255.255"] {
            XCTAssertEqual(try address(text).description, text)
        }
        XCTAssertEqual(try address("10.3.0.100").bits, 0x0a03_0064)
        XCTAssertEqual(try address("10.3.0.100").octets, [10, 3, 0, 100])
        for text in [
            "", "10.3.0", "10.3.0.1.2", "10.3.0.256", "10.3.0.-1", "10.3.0.+1", "10.3.0.01", "10.3.0.1 ", " 10.3.0.1",
            "10.3..1", "10.3.0.1.", "0x0a.3.0.1", "10.3.0.a", "10.3.0.１", "::1", "10.3.0.1/16",
        ] { XCTAssertNil(IPv4Address(text), text) }
    }

    func testAddressesAreOrderedByNumberNotByText() throws {
        XCTAssertLessThan(try address("10.3.0.9"), try address("10.3.0.10"))
        XCTAssertLessThan(try address("9.255.255.255"), try address("10.0.0.0"))
    }

    func testAddressesAreStoredAsText() throws {
        let text = try JSONEncoder().encode([try address("10.3.0.1")])
        XCTAssertEqual(String(decoding: text, as: UTF8.self), #"["10.3.0.1"]"#)
        XCTAssertEqual(try JSONDecoder().decode([IPv4Address].self, from: text), [try address("10.3.0.1")])
        XCTAssertThrowsError(try JSONDecoder().decode([IPv4Address].self, from: Data(#"["10.3.0.999"]"#.utf8))) {
            XCTAssert("\($0)".contains("10.3.0.999"), "\($0)")
        }
    }

    /// The original's rule: `54:52:00` and the last three octets in hexadecimal.
    func testTheMACOfAVMIsMadeFromItsAddress() throws {
        for (text, mac) in [
            ("10.3.0.100", "54:52:00:03:00:64"), ("10.3.255.254", "54:52:00:03:ff:fe"),
            ("192.168.1.10", "54:52:00:a8:01:0a"), ("0.0.0.0", "54:52:00:00:00:00"),
        ] {
            XCTAssertEqual(MACAddress(forVirtualMachineAt: try address(text)).description, mac)
            let vm = VirtualMachine(
                id: VMID(1), name: "v", user: UserID(1), osf: OSFID(1), tag: "default", address: try address(text))
            XCTAssertEqual(vm.mac.description, mac)
        }
    }

    func testNoTwoAddressesOfAFarmHaveTheSameMAC() throws {
        let addressPlan = try AddressPlan(
            network: try address("10.0.0.0"), prefixLength: 8, rangeStart: try address("10.0.0.2"), gateway: nil)
        // Every octet boundary of the widest network there may be.
        var seen: Set<MACAddress> = []
        var count = 0
        for step: UInt32 in [1, 255, 256, 257, 65_535, 65_536, 65_537] {
            for times: UInt32 in 1...200 where addressPlan.rangeStart.bits + step * times <= addressPlan.rangeEnd.bits {
                let candidate = IPv4Address(bits: addressPlan.rangeStart.bits + step * times)
                if seen.insert(MACAddress(forVirtualMachineAt: candidate)).inserted { count += 1 }
                XCTAssertEqual(
                    MACAddress(forVirtualMachineAt: candidate).bits & 0xff_ffff, UInt64(candidate.bits & 0xff_ffff))
            }
        }
        XCTAssertEqual(seen.count, count)
        XCTAssertGreaterThan(count, 1000)
    }

    func testMACsAreSixPairsOfHexadecimalDigits() {
        XCTAssertEqual(MACAddress("54:52:00:03:FF:fe")?.description, "54:52:00:03:ff:fe")
        XCTAssertEqual(MACAddress("00:00:00:00:00:0a")?.octets, [0, 0, 0, 0, 0, 10])
        XCTAssertEqual(MACAddress(bits: 0xffff_5452_0003_00fe).description, "54:52:00:03:00:fe")
        for text in [
            "", "54:52:00:03:00", "54:52:00:03:00:64:00", "54-52-00-03-00-64", "54:52:0:3:0:64", "54:52:00:03:00:6g",
            "545200030064", "54:52:00:03:00:+4", "54:52:00:03:00:64 ", "é4:52:00:03:00:64",
        ] { XCTAssertNil(MACAddress(text), text) }
    }
}

import FarmModel
import XCTest

final class AddressPlanTests: XCTestCase {
    private func address(_ text: String) throws -> IPv4Address { try XCTUnwrap(IPv4Address(text), text) }

    private func plan(
        _ network: String = "10.3.0.0", _ length: Int = 16, from start: String = "10.3.0.100",
        gateway: String? = "10.3.0.1"
    ) throws -> AddressPlan {
        try AddressPlan(
            network: try address(network), prefixLength: length, rangeStart: try address(start),
            gateway: try gateway.map(address))
    }

    func testNodesLieBelowTheVMs() throws {
        let plan = try plan()
        XCTAssertEqual(plan.netmask, try address("255.255.0.0"))
        XCTAssertEqual(plan.broadcast, try address("10.3.255.255"))
        XCTAssertEqual(plan.rangeEnd, try address("10.3.255.254"))
        for (text, isNode, isVM) in [
            ("10.3.0.0", false, false), ("10.3.0.1", true, false), ("10.3.0.99", true, false),
            ("10.3.0.100", false, true), ("10.3.255.254", false, true), ("10.3.255.255", false, false),
            ("10.4.0.1", false, false), ("10.2.255.255", false, false),
        ] {
            XCTAssertEqual(plan.isNodeAddress(try address(text)), isNode, text)
            XCTAssertEqual(plan.isVirtualMachineAddress(try address(text)), isVM, text)
        }
    }

    func testANetworkIsNamedByItsFirstAddress() throws {
        XCTAssertEqual(try plan("10.3.7.9").network, try address("10.3.0.0"))
    }

    func testWhatDoesNotFitIsNamedWithTheKeyThatSetsIt() throws {
        func words(_ body: @autoclosure () throws -> AddressPlan) -> String {
            do {
                return "no error: \(try body())"
            } catch {
                return "\(error)"
            }
        }
        for length in [-1, 0, 7, 31, 32, 33] {
            XCTAssert(words(try plan("10.3.0.0", length)).contains("is \(length); it must be 8 to 30"), "\(length)")
        }
        for start in ["10.3.0.0", "10.3.0.1", "10.3.255.255", "10.4.0.100", "9.9.9.9"] {
            let words = words(try plan(from: start))
            XCTAssert(words.contains(start) && words.contains("10.3.0.0/16"), words)
            XCTAssert(words.contains("vm.network.ip.start"), words)
        }
        let gateway = words(try plan(gateway: "10.4.0.1"))
        XCTAssert(gateway.contains("10.4.0.1") && gateway.contains("vm.network.gateway"), gateway)
    }

    func testAddressesAreGivenFromTheTopAndNeverTheGateway() throws {
        let plan = try plan("10.3.0.0", 29, from: "10.3.0.3", gateway: "10.3.0.5")
        var taken: Set<IPv4Address> = []
        var given: [String] = []
        for _ in 0..<3 {
            let next = try plan.highestFreeAddress(taken: taken)
            given.append(next.description)
            taken.insert(next)
        }
        XCTAssertEqual(given, ["10.3.0.6", "10.3.0.4", "10.3.0.3"])
        XCTAssertThrowsError(try plan.highestFreeAddress(taken: taken)) {
            XCTAssertEqual($0 as? AddressPlanError, .rangeIsFull(from: plan.rangeStart, to: plan.rangeEnd))
            XCTAssert("\($0)".contains("10.3.0.3 to 10.3.0.6 is taken"), "\($0)")
        }
        taken.remove(try address("10.3.0.4"))
        XCTAssertEqual(try plan.highestFreeAddress(taken: taken), try address("10.3.0.4"))
    }
}

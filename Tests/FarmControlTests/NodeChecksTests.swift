import FarmModel
import XCTest

@testable import FarmControl

/// What keeps a node from serving, each with what to do.
final class NodeChecksTests: XCTestCase {
    private func check(isUp: Bool = true, bridgeHas: [String] = ["10.3.0.1"], node: String = "10.3.0.1") throws {
        let addressPlan = try AddressPlan(
            network: XCTUnwrap(IPv4Address("10.3.0.0")), prefixLength: 16,
            rangeStart: XCTUnwrap(IPv4Address("10.3.0.100")), gateway: nil)
        let bridge = ObservedBridge(name: "qvdnet0", isUp: isUp, addresses: bridgeHas.compactMap { IPv4Address($0) })
        let node = Node(id: NodeID(1), name: "n1", address: try XCTUnwrap(IPv4Address(node)))
        try NodeChecks.bridge(bridge, node: node, addressPlan: addressPlan)
    }

    private func failure(_ work: () throws -> Void) throws -> NodeCheckFailure {
        var found: NodeCheckFailure?
        XCTAssertThrowsError(try work()) { found = $0 as? NodeCheckFailure }
        return try XCTUnwrap(found)
    }

    func testABridgeThatIsUpAndHasTheNodesAddressServes() throws {
        try check()
        try check(bridgeHas: ["192.168.7.1", "10.3.0.1"])
    }

    func testABridgeThatIsDownIsRaised() throws {
        let down = try failure { try check(isUp: false) }
        XCTAssertEqual(down.remedy, "ip link set qvdnet0 up")
    }

    func testANodesAddressInTheRangeOfTheVMsIsRefused() throws {
        let wrong = try failure { try check(bridgeHas: ["10.3.0.100"], node: "10.3.0.100") }
        XCTAssertTrue(wrong.remedy.contains("qvd node add"), wrong.description)
    }

    func testABridgeWithoutTheNodesAddressIsGivenIt() throws {
        for other in [[], ["10.3.0.2"]] {
            let missing = try failure { try check(bridgeHas: other) }
            XCTAssertEqual(missing.remedy, "ip address add 10.3.0.1/16 dev qvdnet0")
        }
    }
}

import FarmControl
import FarmModel
import PortContracts
import XCTest
@testable import FarmRules

/// What no administrator can do to a farm, and what a node's word changes.
final class AdministrationLimitsTests: XCTestCase {
    func testTheTenantOfThoseWhoNameNoneIsNeverDeleted() throws {
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 24, rangeStart: IPv4Address(bits: 0x0a03_0064),
            gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        let result = try ledger.apply(.deleteTenant(TenantID(1)), by: "test", at: WallTime(seconds: 1))
        guard case .failure(let refusal) = result else { return XCTFail("an empty farm lost its tenant `default`") }
        XCTAssertEqual(refusal.reason, .inUse)
    }

    /// Names of taps hold a node's number in four signs.
    func testAFarmGivesOutNoMoreNodeNumbersThanTheNamesOfTapsCanHold() throws {
        let base: UInt32 = 0x0a03_0000
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: base), prefixLength: 16, rangeStart: IPv4Address(bits: base + 0x1000),
            gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        func add(_ number: Int64) throws -> Result<AdministrationResult, AdministrationRefusal> {
            let command = AdministrationCommand.addNode(
                name: "n\(number)", address: IPv4Address(bits: base + UInt32(number)))
            return try ledger.apply(command, by: "test", at: WallTime(seconds: 1))
        }
        for number: Int64 in 1...3 { XCTAssertEqual(try add(number).get(), .node(NodeID(number))) }
        XCTAssertGreaterThan(TapName.nodeMax, 100_000, "a farm's life needs so many")
        ledger.numbers[.node] = TapName.nodeMax - 1
        XCTAssertEqual(try add(4).get(), .node(NodeID(TapName.nodeMax)))
        guard case .failure(let refusal) = try add(5) else {
            return XCTFail("a node was given a number that no name of a tap can hold")
        }
        XCTAssertEqual(refusal.reason, .rangeIsFull)
    }

    func testSinceWhenANodeServesIsKeptWhenItSaysItAgain() throws {
        let base: UInt32 = 0x0a03_0000
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: base), prefixLength: 24, rangeStart: IPv4Address(bits: base + 100), gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        let command = AdministrationCommand.addNode(name: "n1", address: IPv4Address(bits: base + 1))
        _ = try ledger.apply(command, by: "test", at: WallTime(seconds: 1))
        for second: Int64 in [10, 20] {
            try ledger.reportState(of: NodeID(1), .running, at: WallTime(seconds: second))
            XCTAssertEqual(ledger.node(NodeID(1))?.stateSince, WallTime(seconds: 10))
        }
        try ledger.reportState(of: NodeID(1), .stopped, at: WallTime(seconds: 30))
        XCTAssertEqual(ledger.node(NodeID(1))?.stateSince, WallTime(seconds: 30))
    }
}

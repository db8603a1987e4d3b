import FarmModel
import FarmRules
import PortContracts
import XCTest

/// Rows that no command makes: a backup was restored, and the VM whose disk was wished away is there again.
final class DiskDeletionRulesTests: XCTestCase {
    func testAWishIsTakenBackWhenTheVMExistsAgain() throws {
        var ledger = FarmLedger(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
        let node = Node(id: NodeID(1), name: "node1", address: IPv4Address("10.3.0.1")!)
        let vm = VirtualMachine(
            id: VMID(1), name: "desk", user: UserID(1), osf: OSFID(1), tag: "default", address: IPv4Address("10.3.0.8")!
        )
        let disk = UserDiskID(vm: vm.id, storage: .standard)
        ledger.put(node)
        ledger.put(vm)
        ledger.put(
            DiskDeletion(disk: disk, request: nil, requestedBy: "admin", requestedAt: WallTime(seconds: 1)))
        XCTAssertFalse(try ledger.confirmDeletion(of: disk, by: node.id, at: WallTime(seconds: 2)))
        XCTAssertEqual(ledger.diskDeletions(), [], "it does not wait for the day on which the VM goes")
        let record = try XCTUnwrap(ledger.audit(limit: 1).first)
        XCTAssertEqual(record.action, "delete the user disk of VM 1")
        XCTAssert(record.outcome.contains("exists again"), record.outcome)
        ledger.remove(vm.id)
        XCTAssertFalse(try ledger.confirmDeletion(of: disk, by: node.id, at: WallTime(seconds: 3)))
    }
}

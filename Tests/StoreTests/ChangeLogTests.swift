import FarmModel
import FarmRules
import PortContracts
import SQLRecords
import XCTest

@testable import SQLiteStore

/// The newest changes are kept, older ones are forgotten, in memory and in SQLite.
final class ChangeLogTests: XCTestCase {
    func testTheNewestChangesAreKeptAndOldOnesForgottenInMemory() throws {
        var ledger = FarmLedger(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
        try fill(&ledger)
        try check(ledger)
    }

    func testTheNewestChangesAreKeptAndOldOnesForgottenInSQLite() throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        try DatabaseFile.create(
            at: path, identity: FarmIdentity(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan),
            access: DatabaseAccess(), migrator: Migrator())
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        var records = SQLRecords(statements: connection)
        try connection.run("BEGIN IMMEDIATE")
        try fill(&records)
        try check(records)
        try connection.run("COMMIT")
    }

    private let told: Int64 = 30_500

    /// Each change is about a VM of its own.
    private func fill<Records: FarmRecords>(_ records: inout Records) throws {
        for number in 1...told { try records.tell([FarmChange(.node(NodeID(1)), vm: VMID(number))]) }
    }

    private func check<Records: FarmRecords>(_ records: Records) throws {
        XCTAssertEqual(try records.revision(), Revision(told))
        let kept = try records.changes(after: Revision(told - changesHeld))
        XCTAssertEqual(kept.changes?.count, Int(changesHeld))
        XCTAssertEqual(
            kept.changes, Set((told - changesHeld + 1...told).map { FarmChange(.node(NodeID(1)), vm: VMID($0)) }))
        XCTAssertNil(try records.changes(after: Revision(told - changesHeld - 1)).changes)
        // Of three times as many as are kept, at most twice as many are still there.
        XCTAssertLessThanOrEqual(try records.changes(afterNumber: 0).count, 2 * Int(changesHeld))
    }
}

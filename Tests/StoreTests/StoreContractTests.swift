import FarmModel
import FarmPorts
import PortContracts
import SQLiteStore
import XCTest

/// The store in memory keeps the same contract: `SimulatedStoreContractTests`.
final class StoreContractTests: XCTestCase {
    func testTheSQLiteStoreKeepsTheContract() async throws {
        let folder = try TemporaryFolder()
        for (number, (name, check)) in StoreContract.cases.enumerated() {
            let store = try await SQLiteStore.create(
                at: folder.path("farm-\(number).db"), farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
            do { try await check(store) } catch { XCTFail("\(name): \(error)") }
            await store.close()
        }
    }
}

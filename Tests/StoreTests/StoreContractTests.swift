import FarmModel
import FarmPorts
import PortContracts
import SQLiteStore
import SimulatedPorts
import XCTest

final class StoreContractTests: XCTestCase {
    func testTheStoreInMemoryKeepsTheContract() async throws {
        for (name, check) in StoreContract.cases {
            let store = SimulatedStore(farm: StoreContract.farm, addressPlan: StoreContract.plan)
            do { try await check(store) } catch { XCTFail("\(name): \(error)") }
            store.close()
        }
        XCTAssertGreaterThan(StoreContract.cases.count, 30)
    }

    func testTheSQLiteStoreKeepsTheContract() async throws {
        let folder = try TemporaryFolder()
        for (number, (name, check)) in StoreContract.cases.enumerated() {
            let store = try await SQLiteStore.create(
                at: folder.path("farm-\(number).db"), farm: StoreContract.farm, plan: StoreContract.plan)
            do { try await check(store) } catch { XCTFail("\(name): \(error)") }
            await store.close()
        }
    }
}

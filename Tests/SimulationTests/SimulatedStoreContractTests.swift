import FarmModel
import FarmPorts
import PortContracts
import SimulatedPorts
import XCTest

/// The store in memory keeps the contract that the databases keep.
final class SimulatedStoreContractTests: XCTestCase {
    func testTheStoreInMemoryKeepsTheContract() async throws {
        for (name, check) in StoreContract.cases {
            let store = SimulatedStore(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
            do { try await check(store) } catch { XCTFail("\(name): \(error)") }
            store.close()
        }
        XCTAssertGreaterThan(StoreContract.cases.count, 30)
    }
}

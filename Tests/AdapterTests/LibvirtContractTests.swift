import PortContracts
import XCTest

final class LibvirtContractTests: XCTestCase {
    func testLibvirtKeepsTheContract() async throws {
        try await LibvirtWorld.run { world in try await runContract(HypervisorContract(world).checks) }
    }
}

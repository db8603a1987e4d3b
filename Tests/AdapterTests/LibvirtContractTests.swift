import PortContracts
import XCTest

final class LibvirtContractTests: XCTestCase {
    func testLibvirtKeepsTheContract() async throws {
        try await LibvirtFixture.run { fixture in try await runContract(HypervisorContract(fixture).checks) }
    }
}

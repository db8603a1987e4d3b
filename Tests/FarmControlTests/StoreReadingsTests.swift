import FarmModel
import XCTest

@testable import FarmControl

final class StoreReadingsTests: XCTestCase {
    private let now = Instant.start.advanced(by: .seconds(100))

    private func state(about vms: [Int64]) -> DesiredState {
        DesiredState(
            node: Node(id: NodeID(1), name: "node", address: IPv4Address(bits: 1)), assignments: [],
            asked: Set(vms.map { VMID($0) }))
    }

    func testTheFirstReadingIsWholeAndLaterOnesAreOfChanges() {
        var readings = StoreReadings()
        XCTAssertNil(readings.base(about: [], at: now))
        readings.keep(state(about: []))
        XCTAssertEqual(readings.base(about: [], at: now), state(about: []))
    }

    /// Of a VM that nobody asked about before, no change says where it is.
    func testAReadingAboutAnUnknownVMIsWhole() {
        var readings = StoreReadings()
        _ = readings.base(about: [VMID(1)], at: now)
        readings.keep(state(about: [1]))
        XCTAssertNotNil(readings.base(about: [VMID(1)], at: now))
        XCTAssertNil(readings.base(about: [VMID(1), VMID(2)], at: now))
    }

    func testEverythingIsReadOnceInAWhile() {
        var readings = StoreReadings()
        _ = readings.base(about: [], at: now)
        readings.keep(state(about: []))
        let due = now.advanced(by: StoreReadings.wholeEvery)
        XCTAssertNotNil(readings.base(about: [], at: due.advanced(by: .milliseconds(-1))))
        XCTAssertNil(readings.base(about: [], at: due))
        readings.keep(state(about: []))
        XCTAssertNotNil(readings.base(about: [], at: due))
    }
}

import FarmModel
import XCTest

@testable import FarmControl

final class StoreReadingsTests: XCTestCase {
    private func state(about vms: [Int64]) -> DesiredState {
        DesiredState(
            node: Node(id: NodeID(1), name: "node", address: IPv4Address(bits: 1)), assignments: [],
            asked: Set(vms.map { VMID($0) }))
    }

    func testTheFirstReadingIsWholeAndLaterOnesAreOfChanges() {
        var readings = StoreReadings()
        XCTAssertNil(readings.base(about: []))
        readings.took(state(about: []))
        XCTAssertEqual(readings.base(about: []), Revision(0))
    }

    /// Of a VM that nobody asked about before, no change says where it is.
    func testAReadingAboutAnUnknownVMIsWhole() {
        var readings = StoreReadings()
        readings.took(state(about: [1]))
        XCTAssertNotNil(readings.base(about: [VMID(1)]))
        XCTAssertNil(readings.base(about: [VMID(1), VMID(2)]))
    }

    func testEverythingIsReadOnceInAWhile() {
        var readings = StoreReadings()
        readings.took(state(about: []))
        XCTAssertNotNil(readings.base(about: []))
        readings.wantWhole()
        XCTAssertNil(readings.base(about: []))
        XCTAssertNil(readings.base(about: []), "until one succeeded")
        readings.took(state(about: []))
        XCTAssertNotNil(readings.base(about: []))
    }

    /// A reading of changes moves the moment, and says of the VMs it was asked about where they are.
    func testAReadingOfChangesIsTheBaseOfTheNext() {
        var readings = StoreReadings()
        readings.took(state(about: [1]))
        let here = NodeBench.assignment(1)
        readings.took(changes([here], of: [1], revision: 7), about: [])
        XCTAssertEqual(readings.base(about: [VMID(1)]), Revision(7), "what is assigned here is known")
        readings.took(changes([NodeBench.freeRow(1)], of: [1], revision: 8), about: [])
        XCTAssertNil(readings.base(about: [VMID(1)]), "it has left, and nobody asked about it")
    }

    private func changes(_ rows: [Assignment], of vms: [Int64], revision: Int64) -> DesiredStateChanges {
        DesiredStateChanges(
            node: state(about: []).node, vms: Set(vms.map { VMID($0) }), rows: rows, abandoned: [],
            areReservationsOthers: false, revision: Revision(revision))
    }
}

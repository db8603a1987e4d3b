import FarmModel
import XCTest

@testable import FarmControl

final class SlotQueueTests: XCTestCase {
    private let vms = (1...4).map { VMID($0) }

    func testSlotsAreGivenInTheOrderOfAsking() {
        var queue = SlotQueue(capacity: 1)
        XCTAssertEqual(vms.map { queue.request($0, for: .start) }, [true, false, false, false])
        XCTAssertEqual(queue.release(vms[0]), vms[1])
        XCTAssertEqual(queue.release(vms[1]), vms[2])
        XCTAssertEqual(queue.release(vms[2]), vms[3])
        XCTAssertNil(queue.release(vms[3]))
    }

    func testStartsGoBeforeStops() {
        var queue = SlotQueue(capacity: 1)
        XCTAssertTrue(queue.request(vms[0], for: .stop))
        XCTAssertFalse(queue.request(vms[1], for: .stop))
        XCTAssertFalse(queue.request(vms[2], for: .start))
        XCTAssertFalse(queue.request(vms[3], for: .stop))
        XCTAssertEqual(queue.waiting, [vms[2], vms[1], vms[3]])
        XCTAssertEqual(queue.release(vms[0]), vms[2])
        XCTAssertEqual(queue.release(vms[2]), vms[1])
        XCTAssertEqual(queue.release(vms[1]), vms[3])
    }

    func testAskingTwiceTakesOnePlace() {
        var queue = SlotQueue(capacity: 1)
        XCTAssertTrue(queue.request(vms[0], for: .start))
        XCTAssertTrue(queue.request(vms[0], for: .start))
        XCTAssertFalse(queue.request(vms[1], for: .start))
        XCTAssertFalse(queue.request(vms[1], for: .start))
        XCTAssertEqual(queue.waiting, [vms[1]])
    }

    func testWhoeverGoesAwayWhileWaitingGetsNothing() {
        var queue = SlotQueue(capacity: 1)
        for vm in vms { _ = queue.request(vm, for: .start) }
        XCTAssertNil(queue.release(vms[1]), "it held none, so nobody gains one")
        XCTAssertEqual(queue.release(vms[0]), vms[2])
    }

    func testACapacityBelowOneIsOne() {
        var queue = SlotQueue(capacity: 0)
        XCTAssertTrue(queue.request(vms[0], for: .start))
    }
}

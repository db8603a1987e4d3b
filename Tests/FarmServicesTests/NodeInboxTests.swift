import FarmControl
import FarmModel
import XCTest

@testable import FarmServices

/// Whoever talks to a house keeper that is busy fills no memory, and nothing that must be known is lost.
final class NodeInboxTests: XCTestCase {
    private let farm = FarmID(bits: 1)

    func testAFloodOfEventsEndsInALook() {
        let inbox = NodeInbox()
        for number in 1...100_000 {
            inbox.put(.hypervisor(.stopped(DomainName(farm: farm, vm: VMID(Int64(number))), .crashed)))
            inbox.put(.storeChanged)
        }
        inbox.put(.runningRecorded(true))
        let events = inbox.takeAll()
        XCTAssertEqual(events.count, NodeInbox.eventsMax + 3)
        XCTAssertEqual(events.filter { $0 == .storeChanged }.count, 1)
        XCTAssertEqual(events.suffix(2), [.runningRecorded(true), .hypervisor(.connectionRestored)])
        XCTAssertEqual(inbox.takeAll(), [])
    }

    func testWhatCameIsTakenOnceInItsOrder() {
        let inbox = NodeInbox()
        inbox.put(.storeChanged)
        inbox.put(.repaired(VMID(1)))
        inbox.put(.storeChanged)
        XCTAssertEqual(inbox.takeAll(), [.storeChanged, .repaired(VMID(1))])
        inbox.put(.storeChanged)
        XCTAssertEqual(inbox.takeAll(), [.storeChanged], "a change after a taking is a new one")
        for number in 1...NodeInbox.eventsMax { inbox.put(.repaired(VMID(Int64(number)))) }
        inbox.put(.hypervisor(.started(DomainName(farm: farm, vm: VMID(1)))))
        XCTAssertEqual(inbox.takeAll().count, NodeInbox.eventsMax + 1, "results have no limit of their own")
    }
}

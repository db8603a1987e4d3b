import FarmControl
import FarmModel
import XCTest

@testable import FarmServices

/// Whoever talks to a house keeper that is busy fills no memory, and nothing that must be known is lost.
final class NodeInboxTests: XCTestCase {
    private let farm = FarmID(bits: 1)

    func testAFloodOfEventsEndsInALook() async {
        let inbox = NodeInbox()
        for number in 1...100_000 {
            await inbox.put(.hypervisor(.stopped(DomainName(farm: farm, vm: VMID(Int64(number))), .crashed)))
            await inbox.put(.storeChanged)
        }
        await inbox.put(.runningRecorded(true))
        let events = await inbox.takeAll()
        XCTAssertEqual(events.count, NodeInbox.eventsMax + 3)
        XCTAssertEqual(events.filter { $0 == .storeChanged }.count, 1)
        XCTAssertEqual(events.suffix(2), [.runningRecorded(true), .hypervisor(.connectionRestored)])
        let taken = await inbox.takeAll()
        XCTAssertEqual(taken, [])
    }

    func testWhatCameIsTakenOnceInItsOrder() async {
        let inbox = NodeInbox()
        await inbox.put(.storeChanged)
        await inbox.put(.repaired(VMID(1)))
        await inbox.put(.storeChanged)
        var taken = await inbox.takeAll()
        XCTAssertEqual(taken, [.storeChanged, .repaired(VMID(1))])
        await inbox.put(.storeChanged)
        taken = await inbox.takeAll()
        XCTAssertEqual(taken, [.storeChanged], "a change after a taking is a new one")
        for number in 1...NodeInbox.eventsMax { await inbox.put(.repaired(VMID(Int64(number)))) }
        await inbox.put(.hypervisor(.started(DomainName(farm: farm, vm: VMID(1)))))
        taken = await inbox.takeAll()
        XCTAssertEqual(taken.count, NodeInbox.eventsMax + 1, "results have no limit of their own")
    }
}

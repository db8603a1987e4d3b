import FarmControl
import FarmModel
import XCTest

@testable import FarmServices

/// Whoever talks to a house keeper that is busy fills no memory, and nothing that must be known is lost.
final class NodeInboxTests: XCTestCase {
    private let farm = FarmID(bits: 1)

    /// Takes this many events as the house keeper does.
    private func take(_ count: Int, from inbox: NodeInbox) async -> [NodeEvent] {
        var taken: [NodeEvent] = []
        for await event in inbox.events.prefix(count) {
            if event.isHeard { await inbox.took(event) }
            taken.append(event)
        }
        return taken
    }

    func testAFloodOfEventsEndsInALook() async {
        let inbox = NodeInbox()
        for number in 1...100_000 {
            await inbox.hear(.hypervisor(.stopped(DomainName(farm: farm, vm: VMID(Int64(number))), .crashed)))
            await inbox.hear(.storeChanged)
        }
        inbox.put(.runningReported(true))
        let events = await take(NodeInbox.eventsMax + 3, from: inbox)
        XCTAssertEqual(events.filter { $0 == .storeChanged }.count, 1)
        XCTAssertEqual(events.suffix(2), [.runningReported(true), .hypervisor(.connectionRestored)])
        inbox.put(.tick)
        let taken = await take(1, from: inbox)
        XCTAssertEqual(taken, [.tick], "nothing else waits")
    }

    func testWhatCameIsTakenOnceInItsOrder() async {
        let inbox = NodeInbox()
        await inbox.hear(.storeChanged)
        inbox.put(.repaired(VMID(1)))
        await inbox.hear(.storeChanged)
        var taken = await take(2, from: inbox)
        XCTAssertEqual(taken, [.storeChanged, .repaired(VMID(1))])
        await inbox.hear(.storeChanged)
        taken = await take(1, from: inbox)
        XCTAssertEqual(taken, [.storeChanged], "a change after a taking is a new one")
        for number in 1...NodeInbox.eventsMax { inbox.put(.repaired(VMID(Int64(number)))) }
        let event = NodeEvent.hypervisor(.started(DomainName(farm: farm, vm: VMID(1))))
        await inbox.hear(event)
        taken = await take(NodeInbox.eventsMax + 1, from: inbox)
        XCTAssertEqual(taken.last, event, "results have no limit of their own")
    }
}

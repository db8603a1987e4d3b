import FarmModel
import XCTest

@testable import FarmControl
@testable import FarmRules

/// A machine that hears what another hears, but of the store only what changed since its last reading. Both must come
/// to the same.
struct ReadingTwin {
    private(set) var machine: NodeMachine
    /// How many readings brought changes only.
    private(set) var readings = 0
    private var store = StoreReadings()
    private var bases: [Int64: Revision] = [:]
    private var news: [Int64: (changes: DesiredStateChanges, vms: [VMID])] = [:]

    init(_ machine: NodeMachine) { self.machine = machine }

    /// The reading of that number is made now.
    mutating func read(_ vms: [VMID], _ number: Int64, _ ledger: FarmLedger) {
        guard let base = bases[number],
            let changes = try? ledger.desiredStateChanges(of: NodeSearchState.node, about: vms, after: base)
        else { return }
        news[number] = (changes, vms)
    }

    /// Takes the event in its own form; says in words where the two are apart.
    mutating func difference(
        after event: NodeEvent, at now: Instant, from other: NodeMachine, _ others: [NodeAction]
    ) -> String? {
        let actions = machine.receive(own(event), at: now, wall: WallTime(seconds: 0))
        for case .readStore(let vms, let number) in actions { bases[number] = store.base(about: vms) }
        guard actions == others else { return "after \(event): \(actions) by changes, \(others) by whole readings" }
        let (mine, whole) = (machine.normalized(at: now) { $0.number }, other.normalized(at: now) { $0.number })
        return mine == whole ? nil : "after \(event): \(mine) by changes, \(whole) by whole readings"
    }

    private mutating func own(_ event: NodeEvent) -> NodeEvent {
        guard case .read(let state, let number) = event else { return event }
        guard let (changes, vms) = news.removeValue(forKey: number) else {
            if machine.awaitsReading(number) { store.took(state) }
            return event
        }
        readings += 1
        if machine.awaitsReading(number) { store.took(changes, about: vms) }
        return .readChanges(changes, about: vms, number: number)
    }
}

/// Runs drawn by chance through everything that can happen to a node: a machine that reads what changed does what one
/// does that reads everything.
final class ReadingTwinTests: XCTestCase {
    func testReadingWhatChangedComesToTheSameAsReadingEverything() {
        var readings = 0
        for seed in 0..<150 {
            var dice = Dice(state: UInt64(seed))
            var world = NodeSearchState(vms: 1 + seed % 3, slots: 1 + seed % 2, budget: 40)
            world.twin = ReadingTwin(world.machine)
            for vm in world.vms where seed % 4 != 0 { world.requestStart(vm) }
            world.startDaemon()
            for _ in 0..<250 {
                if dice.below(3) == 0, let step = dice.pick(world.nextSteps(tellsWords: false)) {
                    world = step.world
                } else {
                    world.proceedUndisturbed()
                }
                if let words = world.violation, words.contains("by changes") {
                    return XCTFail("seed \(seed): \(words)")
                }
                world.violation = nil
            }
            readings += world.twin?.readings ?? 0
        }
        XCTAssertGreaterThan(readings, 1000)
    }

    private struct Dice {
        var state: UInt64

        mutating func below(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }

        mutating func pick(_ steps: [SearchStep<NodeSearchState>]) -> SearchStep<NodeSearchState>? {
            steps.isEmpty ? nil : steps[below(steps.count)]
        }
    }
}

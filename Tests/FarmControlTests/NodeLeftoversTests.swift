import FarmModel
import XCTest

@testable import FarmControl

/// What is removed from a node, and above all what is not.
final class NodeLeftoversTests: XCTestCase {
    private let otherFarm = FarmID(bits: 0x0bad00)

    func testLeftoversOfVMsThatNobodyAssignedAreCollectedOnce() {
        var bench = NodeBench.ready()
        let change: (inout FoundOnNode) -> Void = { view in
            view.taps = [ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)]
            view.filters = [ObservedFilter(tap: NodeBench.tap(1), isComplete: false)]
            view.secrets = [VMID(1)]
        }
        bench.lookAgain(change)
        bench.lookAgain(change)
        XCTAssertEqual(
            bench.collected, [.tap(NodeBench.tap(1)), .filter(NodeBench.tap(1)), .secret(VMID(1))])
    }

    func testWhatIsOfAnotherFarmOrNodeIsNeverTouched() {
        var bench = NodeBench.ready()
        let others = [NodeBench.tap(1, farm: otherFarm), NodeBench.tap(1, node: NodeID(9))]
        for _ in 0..<3 {
            bench.lookAgain { view in
                view.taps = others.map { ObservedTap(name: $0, isUp: true, isOnBridge: true) }
                view.filters = others.map { ObservedFilter(tap: $0, isComplete: true) }
                let name = DomainName(farm: otherFarm, vm: VMID(1))
                let owner = DomainOwner(farm: otherFarm, node: NodeBench.node, vm: VMID(1), epoch: Epoch(1))
                let elsewhere = DomainOwner(farm: NodeBench.farm, node: NodeID(9), vm: VMID(3), epoch: Epoch(1))
                view.domains = [
                    ObservedDomain(name: name, owner: owner, state: .running),
                    ObservedDomain(name: NodeBench.domain(3).name, owner: elsewhere, state: .running),
                    ObservedDomain(name: DomainName(observed: "guest"), owner: nil, state: .shutOff),
                ]
            }
        }
        XCTAssertEqual(bench.collected, [])
        XCTAssertEqual(bench.findings, [])
    }

    func testTheKeptOverlayOfAStoppedVMIsNeverCollected() {
        var bench = NodeBench()
        bench.read([], others: [1])
        bench.look { $0.overlays = [VMID(1)] }
        for _ in 0..<3 {
            bench.readAgain([], others: [1])
            bench.lookAgain { $0.overlays = [VMID(1)] }
        }
        XCTAssertEqual(bench.collected, [])
    }

    func testTheOverlayOfADeletedVMIsCollectedOnlyAfterANewerReading() {
        var bench = NodeBench.ready()
        bench.lookAgain(readings: false) { $0.overlays = [VMID(1), VMID(2)] }
        XCTAssertEqual(bench.collected, [], "its VM may be newer than the reading")
        bench.read([], others: [1, 2])
        bench.readAgain([], others: [2])
        bench.lookAgain { $0.overlays = [VMID(1), VMID(2)] }
        XCTAssertEqual(bench.collected, [.overlays(VMID(1))])
    }

    func testAnOverlayWithoutARowIsNotCollectedHoweverOftenItIsSeen() {
        var bench = NodeBench.ready()
        for _ in 0..<3 {
            bench.lookAgain(readings: false) { $0.overlays = [VMID(1)] }
        }
        XCTAssertEqual(bench.collected, [], "no reading has begun since it was first seen")
    }

    func testNothingIsCollectedOfAVMThatWasGivenBackBeforeTheStoreIsReadAgain() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1, .stop)])
        while bench.machine.vms[VMID(1)]?.isIdle == false, bench.turns.go() { bench.answer(1) }
        let tap = ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)
        bench.lookAgain(readings: false) { $0.taps = [tap] }
        XCTAssertEqual(bench.collected, [], "it may be wanted here again by now")
        bench.read([], others: [1])
        bench.lookAgain { $0.taps = [tap] }
        XCTAssertEqual(bench.collected, [.tap(NodeBench.tap(1))])
    }

    func testADomainNewerThanItsRowIsReportedAndKeptWithAllItHas() {
        for row in [NodeBench.freeRow(1, epoch: 2), NodeBench.assignment(1, .stop, epoch: 2)] {
            var bench = NodeBench()
            bench.read(row.vm.intent.node == nil ? [] : [row])
            bench.look { found in
                found.domains = [NodeBench.domain(1, epoch: 3)]
                found.taps = [ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)]
                found.secrets = [VMID(1)]
            }
            if row.vm.intent.node == nil { bench.readAgain([], freeRows: [row]) }
            bench.lookAgain { found in
                found.domains = [NodeBench.domain(1, epoch: 3)]
                found.taps = [ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)]
                found.secrets = [VMID(1)]
            }
            XCTAssertEqual(bench.effects(of: 1), [], "\(row.vm.intent)")
            XCTAssertEqual(bench.collected, [])
            XCTAssertEqual(bench.findings, [.domainWithoutRow(NodeBench.domain(1).name, VMID(1))])
        }
    }

    func testADomainWithoutARowIsReportedOnceAndKeptWithAllItHas() {
        var bench = NodeBench.ready()
        for _ in 0..<3 {
            bench.readAgain([])
            bench.lookAgain { view in
                view.domains = [NodeBench.domain(1)]
                view.taps = [ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)]
                view.filters = [ObservedFilter(tap: NodeBench.tap(1), isComplete: true)]
                view.overlays = [VMID(1)]
                view.secrets = [VMID(1)]
            }
        }
        XCTAssertEqual(bench.collected, [])
        XCTAssertEqual(
            bench.findings, [.domainWithoutRow(DomainName(farm: NodeBench.farm, vm: VMID(1)), VMID(1))])
    }

    func testADomainThatWasGivenUpIsCollectedAndThenWhatItHad() {
        var bench = NodeBench.ready()
        bench.readAgain([], abandoned: [1])
        bench.lookAgain { view in
            view.domains = [NodeBench.domain(1)]
            view.secrets = [VMID(1)]
        }
        XCTAssertEqual(bench.collected, [], "the store was not asked about it yet")
        bench.read([], abandoned: [1])
        bench.lookAgain { view in
            view.domains = [NodeBench.domain(1)]
            view.secrets = [VMID(1)]
        }
        XCTAssertEqual(bench.collected, [.domain(VMID(1))])
        bench.send(.collected(.domain(VMID(1))))
        bench.lookAgain { $0.secrets = [VMID(1)] }
        XCTAssertEqual(bench.collected, [.domain(VMID(1)), .secret(VMID(1))])
    }

    func testADefinitionOfAVMThatIsNotAssignedIsRemovedButNotWithoutARow() {
        var bench = NodeBench.ready()
        for _ in 0..<2 {
            bench.readAgain([], others: [1])
            bench.lookAgain {
                $0.domains = [NodeBench.domain(1, state: .shutOff), NodeBench.domain(2, state: .shutOff)]
            }
        }
        XCTAssertEqual(bench.collected, [.definition(VMID(1))])
        XCTAssertTrue(
            bench.findings.contains(.domainWithoutRow(DomainName(farm: NodeBench.farm, vm: VMID(2)), VMID(2)))
        )
    }

    func testAVMIsNotStartedWhileItsLeftoversAreCollected() {
        var bench = NodeBench.ready()
        bench.lookAgain { $0.secrets = [VMID(1)] }
        bench.readAgain([NodeBench.assignment(1)])
        XCTAssertEqual(bench.effects(of: 1), [])
        bench.send(.collected(.secret(VMID(1))))
        XCTAssertEqual(bench.effects(of: 1), [.begin])
    }

    func testADesktopWhoseRowVanishesIsKeptAndTakenUpAgainWhenTheRowIsBack() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.forgetActions()
        bench.readAgain([])
        bench.lookAgain { $0.domains = [NodeBench.domain(1)] }
        XCTAssertEqual(bench.effects(of: 1), [])
        XCTAssertTrue(
            bench.findings.contains(.domainWithoutRow(DomainName(farm: NodeBench.farm, vm: VMID(1)), VMID(1)))
        )
        bench.readAgain([NodeBench.assignment(1)])
        XCTAssertEqual(bench.effects(of: 1), [])
        XCTAssertEqual(bench.machine.vms[VMID(1)]?.state, .running)

        // The same over a restart of the daemon.
        var fresh = NodeBench()
        fresh.read([])
        fresh.look { $0.domains = [NodeBench.domain(1)] }
        fresh.readAgain([NodeBench.assignment(1, state: .running)])
        fresh.runCompletely(1)
        XCTAssertEqual(fresh.effects(of: 1), [.build(.filter)])
    }

    func testAKeptDesktopThatIsGivenUpIsEndedPolitely() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.forgetActions()
        bench.readAgain([], abandoned: [1])
        bench.lookAgain { $0.domains = [NodeBench.domain(1)] }
        XCTAssertEqual(bench.effects(of: 1), [.askPowerOff])
        XCTAssertEqual(bench.collected, [])
    }

    func testMissingRulesOfALiveDomainArePutBackOnceAtATime() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        func repairs() -> Int {
            bench.actions.filter { if case .repairFilter = $0 { true } else { false } }.count
        }
        for filters in [[], [ObservedFilter(tap: NodeBench.tap(1), isComplete: false)]] {
            bench.forgetActions()
            bench.lookAgain {
                $0.domains = [NodeBench.domain(1)]
                $0.filters = filters
            }
            bench.lookAgain {
                $0.domains = [NodeBench.domain(1)]
                $0.filters = filters
            }
            XCTAssertEqual(repairs(), 1)
            bench.send(.repaired(VMID(1)))
        }
        bench.forgetActions()
        bench.lookAgain {
            $0.domains = [NodeBench.domain(1)]
            $0.filters = [ObservedFilter(tap: NodeBench.tap(1), isComplete: true)]
        }
        XCTAssertEqual(repairs(), 0)
    }

    func testALookThatBeganBeforeTheDomainWasMadeRepairsNothing() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        while bench.machine.vms[VMID(1)]?.progress.outstanding?.effect != .build(.domain), bench.turns.go() {
            bench.answer(1)
        }
        bench.send(.lookDue)
        bench.runCompletely(1)
        bench.forgetActions()
        XCTAssertTrue(bench.machine.inventory[.filter].isOut)
        bench.look()
        XCTAssertEqual(bench.actions, [])
    }

    func testMachinesOfDeletedVMsAreForgotten() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1, .stop)])
        for _ in StartStep.allCases { bench.answer(1) }
        bench.answer(1)
        bench.read([], others: [1])
        XCTAssertEqual(bench.machine.vms.machines.count, 1)
        bench.readAgain([])
        XCTAssertEqual(bench.machine.vms.machines.count, 0)
    }
}

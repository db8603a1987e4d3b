import FarmModel
import XCTest

@testable import FarmControl

final class NodeMachineTests: XCTestCase {
    // MARK: Beginning

    func testNothingIsDoneBeforeBothTheStoreAndTheNodeWereSeen() {
        var store = NodeBench()
        store.forgetActions()
        store.read([NodeBench.assignment(1)])
        XCTAssertEqual(store.actions, [])
        store.look()
        XCTAssertTrue(store.actions.contains(.reportRunning))
        XCTAssertEqual(store.effects(of: 1), [.begin])

        var node = NodeBench()
        node.forgetActions()
        node.look { $0.secrets = [VMID(1)] }
        XCTAssertEqual(node.actions, [])
        node.read([])
        XCTAssertEqual(node.collected, [.secret(VMID(1))])
    }

    func testAStartAskedForWhileTheDaemonWasDownIsBegunAndNotGivenBack() {
        var bench = NodeBench()
        bench.read([NodeBench.assignment(1)])
        bench.look { $0.taps = [ObservedTap(name: NodeBench.tap(1), isUp: true, isOnBridge: true)] }
        XCTAssertEqual(bench.effects(of: 1), [.begin])
        XCTAssertEqual(bench.collected, [])
    }

    func testARunningDomainOfTheAssignmentIsAdopted() {
        var bench = NodeBench()
        bench.read([NodeBench.assignment(1, state: .running)])
        bench.look { $0.domains = [NodeBench.domain(1)] }
        bench.runCompletely(1)
        XCTAssertEqual(bench.effects(of: 1), [.build(.filter)])
        XCTAssertEqual(bench.records(of: 1).map(\.state), [.running], "nobody is told that it starts")
    }

    func testTheStoreAndTheNodeAreSeenAgainForEver() {
        var bench = NodeBench.ready()
        for _ in 0..<20 {
            bench.passToDeadline()
            bench.failAll("away")
        }
        let unreadable = NodeSource.allCases.map { NodeFinding.sourceUnreadable($0, "away") }
        XCTAssertEqual(Set(bench.findings), Set([.storeUnreachable("away")] + unreadable))
        XCTAssertEqual(bench.findings.count, 6, "each once")
        bench.readAgain([])
        bench.lookAgain()
        let readable = NodeSource.allCases.map { NodeFinding.sourceReadable($0) }
        XCTAssertEqual(bench.findings.suffix(6), [.storeReachable] + readable)
    }

    /// Each source in turn does not answer: nothing but it is unknown, and that is said.
    func testASourceThatHangsIsSaidAndBlindsNoOther() {
        for hung in NodeSource.allCases where hung != .hypervisor {
            var bench = NodeBench()
            bench.read([NodeBench.assignment(1, state: .running)])
            bench.look(except: hung) { found in
                found.domains = [NodeBench.domain(1)]
                found.taps = [NodeBench.tap(7)].map { ObservedTap(name: $0, isUp: true, isOnBridge: true) }
                found.filters = [ObservedFilter(tap: NodeBench.tap(8), isComplete: true)]
                found.secrets = [VMID(9)]
                found.overlays = []
            }
            bench.send(.runningReported(true))
            XCTAssertTrue(bench.actions.contains(.announceReady), "\(hung): the node serves")
            bench.readAgain([NodeBench.assignment(1, state: .running)], others: [7, 8, 9])
            for _ in 0..<3 { bench.answer(1) }
            let expected: [NodeSource: Leftover] = [
                .network: .tap(NodeBench.tap(7)), .filter: .filter(NodeBench.tap(8)), .secrets: .secret(VMID(9)),
            ]
            for (source, leftover) in expected {
                XCTAssertEqual(bench.collected.contains(leftover), source != hung, "\(hung) hangs: \(leftover)")
            }
            bench.lookAgain(except: hung) { $0.filters = [ObservedFilter(tap: NodeBench.tap(1), isComplete: true)] }
            XCTAssertEqual(bench.machine.vms[VMID(1)]?.state, .stopping, "\(hung): its end was seen")
            while !bench.findings.contains(.sourceUnreadable(hung, "no answer within 90 s")), bench.turns.go() {
                bench.passToDeadline()
            }
            XCTAssertLessThan(bench.now.nanoseconds, 200_000_000_000, "\(hung): nothing was said in time")
        }
    }

    func testALateAnswerOfASourceIsDropped() {
        var bench = NodeBench.ready()
        bench.lookAgain()
        let late = bench.overtakenLook()
        bench.send(.looked(.domains([NodeBench.domain(5)]), number: late))
        XCTAssertEqual(bench.machine.inventory.domains, [:])
        XCTAssertTrue(bench.machine.inventory[.hypervisor].isOut, "the newer look is still out")
        bench.look { $0.domains = [NodeBench.domain(5)] }
        XCTAssertEqual(bench.machine.inventory.domains.keys.sorted(), [VMID(5)])
        XCTAssertTrue(bench.findings.contains(.sourceReadable(.hypervisor)))
    }

    func testAReadingThatHangsIsGivenUpAndMadeAgain() {
        var bench = NodeBench.ready()
        bench.send(.storeChanged)
        let late = bench.machine.rowWords.question.number
        while bench.machine.rowWords.question.number == late, bench.turns.go() { bench.passToDeadline() }
        XCTAssertEqual(bench.findings.first, .storeUnreachable("no answer within 90 s"))
        bench.read([NodeBench.assignment(1)], number: late)
        XCTAssertEqual(bench.effects(of: 1), [], "a late reading may be old")
        bench.read([NodeBench.assignment(1)])
        XCTAssertEqual(bench.effects(of: 1), [.begin])
    }

    func testANodeThatServesSaysSoUntilTheStoreTookItAndIsAnnouncedOnce() {
        var bench = NodeBench()
        bench.nodeState = .starting
        bench.read([])
        XCTAssertFalse(bench.actions.contains(.reportRunning))
        bench.look()
        XCTAssertEqual(bench.actions.last, .reportRunning)
        bench.forgetActions()
        bench.send(.runningReported(false))
        bench.send(.tick)
        XCTAssertEqual(bench.actions, [], "not without a pause")
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.actions, [.reportRunning])
        bench.send(.runningReported(true))
        XCTAssertEqual(bench.actions, [.reportRunning, .announceReady])
        bench.forgetActions()
        bench.readAgain([])
        bench.readAgain([])
        XCTAssertEqual(bench.actions.filter { $0 == .reportRunning }.count, 1, "the store says otherwise")
        bench.send(.runningReported(true))
        XCTAssertFalse(bench.actions.contains(.announceReady), "people were told")
        bench.nodeState = .running
        bench.forgetActions()
        bench.readAgain([])
        XCTAssertFalse(bench.actions.contains(.reportRunning))
    }

    func testTheStoreIsReadAgainWhenAVMIsGivenBack() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1, .stop)])
        while bench.machine.vms[VMID(1)]?.isIdle == false, bench.turns.go() {
            bench.forgetActions()
            bench.answer(1)
        }
        XCTAssertTrue(bench.actions.contains(.readStore(about: [VMID(1)], number: 3)), "\(bench.actions)")
    }

    func testAChangeDuringAReadingIsReadAfterwards() {
        var bench = NodeBench.ready()
        bench.send(.storeChanged)
        bench.send(.storeChanged)
        bench.send(.storeChanged)
        XCTAssertEqual(bench.actions, [.readStore(about: [], number: 2)])
        bench.read([])
        let both: [NodeAction] = [.readStore(about: [], number: 2), .readStore(about: [], number: 3)]
        XCTAssertEqual(bench.actions, both)
        bench.read([])
        XCTAssertEqual(bench.actions, both, "and no more")
    }

    // MARK: Slots

    func testADesktopThatDiesWhileItStartsGoesBehindThoseWhoWait() {
        var bench = NodeBench.ready(slots: 1)
        bench.readAgain([NodeBench.assignment(1), NodeBench.assignment(2)])
        while bench.machine.vms[VMID(1)]?.phase != .booting, bench.turns.go() { bench.answer(1) }
        bench.lookAgain()
        for _ in StartStep.allCases { bench.answer(1) }
        XCTAssertEqual(bench.effects(of: 2), [.begin], "it has waited for the slot")
        XCTAssertEqual(bench.machine.vms[VMID(1)]?.phase, .waitingForSlot)
    }

    func testNoMoreVMsStartAtOnceThanThereAreSlotsAndAllStartInTheEnd() {
        var bench = NodeBench.ready(slots: 2)
        bench.readAgain((1...5).map { NodeBench.assignment($0) })
        var started: Set<Int64> = []
        while started.count < 5 {
            let building = (1...5).filter { bench.machine.vms[VMID($0)]?.progress.outstanding != nil }
                .filter { !started.contains($0) }
            XCTAssertEqual(building.count, min(2, 5 - started.count))
            guard let first = building.first else { return XCTFail("nobody starts") }
            bench.runCompletely(first)
            started.insert(first)
        }
        XCTAssertEqual(bench.machine.vms.slots.holders, [])
    }

    func testNoMoreVMsShutDownAtOnceThanThereAreSlotsAndAStartGoesBeforeThem() {
        var bench = NodeBench.ready(slots: 2)
        bench.readAgain((1...4).map { NodeBench.assignment($0) })
        for vm in 1...4 { bench.runCompletely(Int64(vm)) }
        bench.forgetActions()
        let stops = (1...4).map { NodeBench.assignment($0, .stop) }
        bench.readAgain(stops)
        XCTAssertEqual((1...4).map { bench.effects(of: $0) }, [[.askPowerOff], [.askPowerOff], [], []])
        bench.readAgain(stops + [NodeBench.assignment(5)])
        bench.answer(1)
        bench.lookAgain { view in for vm in 2...4 { view.domains.append(NodeBench.domain(Int64(vm))) } }
        for _ in StartStep.allCases { bench.answer(1) }
        XCTAssertEqual(bench.effects(of: 5), [.begin])
        XCTAssertEqual(bench.effects(of: 3), [])
        bench.runCompletely(5)
        XCTAssertEqual(bench.effects(of: 3), [.askPowerOff])
        XCTAssertEqual(bench.effects(of: 4), [])
    }

    func testASlotGoesOnWhenAStartFailsOrHangs() {
        for fails in [true, false] {
            var bench = NodeBench.ready(slots: 1)
            bench.readAgain([NodeBench.assignment(1), NodeBench.assignment(2)])
            XCTAssertEqual(bench.effects(of: 2), [])
            bench.begin(1)
            if fails {
                bench.answer(1, .failed("disk full"))
                bench.answer(1)
            } else {
                bench.now = bench.now.advanced(by: .seconds(91))
                bench.send(.tick)
            }
            XCTAssertEqual(bench.effects(of: 2), [.begin])
        }
    }

    // MARK: Records

    func testARecordThatFailedIsRepeatedUntilItIsTakenAndPeopleAreToldOnce() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.begin(1)
        for _ in 0..<3 {
            bench.send(.reported(VMID(1), .failed))
            bench.now = bench.now.advanced(by: .seconds(1))
            bench.send(.tick)
        }
        XCTAssertEqual(bench.records(of: 1).count, 4)
        XCTAssertEqual(bench.findings, [.state(VMID(1), .starting, nil)])
    }

    func testOneRecordIsOutAtATimeAndTheNewestFollows() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        XCTAssertEqual(bench.records(of: 1).count, 1)
        bench.send(.reported(VMID(1), .done))
        XCTAssertEqual(bench.records(of: 1).map(\.state), [.starting, .running])
    }

    func testARowThatAnEarlierRecordOverwroteLateIsWrittenAgain() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.begin(1)
        bench.send(.reported(VMID(1), .failed))
        bench.runCompletely(1)
        bench.now = bench.now.advanced(by: .seconds(1))
        bench.send(.tick)
        bench.send(.storeChanged)
        bench.send(.reported(VMID(1), .done))
        XCTAssertEqual(bench.records(of: 1).map(\.state), [.starting, .running])
        // Begun before the store took the record: it says nothing of it.
        bench.read([NodeBench.assignment(1, state: .starting)])
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.records(of: 1).count, 2)
        bench.readAgain([NodeBench.assignment(1, state: .starting)])
        bench.readAgain([NodeBench.assignment(1, state: .starting)])
        XCTAssertEqual(bench.records(of: 1).count, 2, "not before a pause, or it might never end")
        bench.pass(.seconds(1))
        XCTAssertEqual(bench.records(of: 1).map(\.state), [.starting, .running, .running])
    }

    func testAStaleRecordLeadsToAReading() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.forgetActions()
        bench.send(.reported(VMID(1), .stale))
        XCTAssertEqual(bench.actions, [.readStore(about: [VMID(1)], number: 3)])
    }

    func testSinceIsWhenTheStateBeganNotWhenItsDetailChanged() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.wall = WallTime(seconds: 200)
        bench.begin(1)
        bench.send(.reported(VMID(1), .done))
        bench.answer(1)
        bench.pass(NodePolicy().detailAfter)
        XCTAssertEqual(bench.records(of: 1).map(\.since.seconds), [100, 100])
        bench.runCompletely(1)
        bench.send(.reported(VMID(1), .done))
        XCTAssertEqual(bench.records(of: 1).last?.since.seconds, 200)
    }

    func testANewAssignmentIsRecordedEvenIfItSaysTheSameAsTheOld() {
        var bench = NodeBench.ready(slots: 1)
        bench.readAgain([NodeBench.assignment(1), NodeBench.assignment(2)])
        bench.readAgain([NodeBench.assignment(1), NodeBench.assignment(2, .stop)])
        bench.answer(2)
        bench.read([NodeBench.assignment(1), NodeBench.assignment(2, epoch: 2)])
        bench.forgetActions()
        bench.send(.reported(VMID(2), .done))
        XCTAssertEqual(bench.records(of: 2).map(\.state), [.starting])
    }

    func testAZombieIsReportedAsOne() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1, .stop)])
        bench.answer(1, .failed("qemu does not die"))
        XCTAssertEqual(bench.findings.last, .zombie(VMID(1), "qemu does not die"))
    }

    func testThePingsCarryTheSecretThatTheStoreKeepsForTheAssignment() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        while bench.machine.vms[VMID(1)]?.state != .running, bench.turns.go() { bench.answer(1) }
        let secrets = bench.actions.compactMap { action -> AgentSecret? in
            if case .perform(.ping, _, let plan) = action { plan.secret } else { nil }
        }
        XCTAssertEqual(secrets, [MachineBench.secret])
    }

    // MARK: What the hypervisor says

    func testAStopThatIsHeardLeadsToALookAndTellsWhy() {
        for (reason, isReleased) in [(StopReason.shutdown, true), (.crashed, false)] {
            var bench = NodeBench.ready()
            bench.readAgain([NodeBench.assignment(1)])
            bench.runCompletely(1)
            bench.forgetActions()
            bench.send(.hypervisor(.stopped(DomainName(farm: NodeBench.farm, vm: VMID(1)), reason)))
            XCTAssertEqual(bench.actions, [.look(.hypervisor, number: 2)])
            bench.look()
            for _ in StartStep.allCases { bench.answer(1) }
            let releases = bench.effects(of: 1).filter { if case .release = $0 { true } else { false } }
            XCTAssertEqual(releases.count, isReleased ? 1 : 0, "\(reason)")
        }
    }

    func testAStopOfAnEarlierDomainIsForgottenWhenTheNextIsSeenLive() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.send(.hypervisor(.stopped(DomainName(farm: NodeBench.farm, vm: VMID(1)), .shutdown)))
        bench.look { $0.domains = [NodeBench.domain(1)] }
        XCTAssertEqual(bench.machine.vms[VMID(1)]?.state, .running)
        bench.lookAgain()
        for _ in StartStep.allCases { bench.answer(1) }
        XCTAssertEqual(bench.machine.vms[VMID(1)]?.state, .starting, "it died, nobody asked for it")
    }

    func testAnEndThatIsHeardWhileALookStillSeesTheDomainIsRemembered() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.send(.hypervisor(.connectionRestored))
        bench.send(.hypervisor(.stopped(DomainName(farm: NodeBench.farm, vm: VMID(1)), .shutdown)))
        bench.look { $0.domains = [NodeBench.domain(1)] }
        bench.look()
        for _ in StartStep.allCases { bench.answer(1) }
        XCTAssertEqual(
            bench.machine.vms[VMID(1)]?.state, .stopping, "its guest has ended by itself: no restart")
    }

    func testALookFromBeforeTheDomainWasRemovedAdoptsNothing() {
        var bench = NodeBench.ready()
        bench.readAgain([NodeBench.assignment(1)])
        bench.runCompletely(1)
        bench.send(.hypervisor(.connectionRestored))
        bench.look { $0.domains = [NodeBench.domain(1)] }
        bench.readAgain([NodeBench.assignment(1, .stop)])
        for _ in [VMEffect.askPowerOff, .askShutdown] { bench.answer(1, .failed("no answer")) }
        for _ in StartStep.allCases { bench.answer(1) }
        bench.answer(1)
        bench.forgetActions()
        bench.read([NodeBench.assignment(1, epoch: 2)])
        XCTAssertEqual(bench.effects(of: 1), [.begin])
    }

    func testDomainsOfOthersAreNoBusinessOfOurs() {
        var bench = NodeBench.ready()
        bench.send(.hypervisor(.stopped(DomainName(observed: "somebody-else"), .crashed)))
        XCTAssertEqual(bench.actions, [])
    }
}

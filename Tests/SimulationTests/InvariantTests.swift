import FarmModel
import Scenarios
import SimulatedPorts
import Simulator
import XCTest

/// Each invariant is seen to fail when its rule is broken on purpose, and to hold when it is not.
final class InvariantTests: XCTestCase {
    /// Three users with two VMs each log in, stay, come back, and one stops a VM; one guest turns hostile.
    private func plan(seed: UInt64) -> Plan {
        var plan = Plan(name: "everyday", seed: seed)
        plan.farm.users = 3
        plan.farm.vms = 6
        plan.until = 600 * Plan.second
        for vm in 1...6 {
            let user = plan.farm.owner(ofVM: vm)
            let at = Int64(vm) * Plan.second
            plan.steps.append(Step(at: at, .connect(user: user, vm: vm, stays: 60 * Plan.second)))
            plan.steps.append(Step(at: at + 200 * Plan.second, .connect(user: user, vm: vm, stays: nil)))
        }
        plan.steps.append(Step(at: 150 * Plan.second, .stopVM(user: 1, vm: 1)))
        plan.faults.faults.append(Fault(at: 100 * Plan.second, .ofVM(.guestTurnsHostile, VMID(2))))
        return plan
    }

    private func seen(_ mutation: Mutation?, _ change: (inout Plan) -> Void = { _ in }) -> Violation? {
        var plan = plan(seed: 3)
        change(&plan)
        return Runner(plan, mutation: mutation).run().violation
    }

    func testNothingIsSeenWhenNoRuleIsBroken() { XCTAssertNil(seen(nil)) }

    func testOneDomainIsSeenToFail() { XCTAssertEqual(seen(.startsTwoDomains)?.invariant, "one-domain") }

    func testOneDomainIsSeenToFailAcrossNodes() {
        XCTAssertNil(seen(nil) { $0.farm.nodes = 3 })
        let violation = seen(.startsElsewhereToo) { $0.farm.nodes = 3 }
        XCTAssertEqual(violation?.invariant, "one-domain")
        XCTAssertTrue(violation?.words.contains("on nodes") == true, violation?.words ?? "")
    }

    func testOneAddressIsSeenToFail() { XCTAssertEqual(seen(.offersOneAddressToAll)?.invariant, "one-address") }

    func testNoSpoofIsSeenToFailWhenTheFilterForgetsARule() {
        XCTAssertEqual(seen(.forgetsRules)?.invariant, "no-spoof")
    }

    func testNoSpoofIsSeenToFailWhenEveryFramePasses() {
        XCTAssertEqual(seen(.passesEveryFrame)?.invariant, "no-spoof")
    }

    func testNoSpoofIsSeenToFailWhenRulesDoNotStandBeforeTheFirstFrame() {
        XCTAssertEqual(seen(.writesNoRules)?.invariant, "no-spoof")
    }

    func testOwnDesktopIsSeenToFail() { XCTAssertEqual(seen(.crossesConnections)?.invariant, "own-desktop") }

    func testOwnDesktopIsSeenToFailWhenAListShowsWhatIsNotTheUsers() {
        let violation = seen(.listsEveryVM) { $0.steps.append(Step(at: 5 * Plan.second, .list(user: 1))) }
        XCTAssertEqual(violation?.invariant, "own-desktop")
    }

    func testTrueRowIsSeenToFail() {
        let violation = seen(.hidesDeadDomains) { plan in
            plan.faults.faults.append(Fault(at: 60 * Plan.second, .ofVM(.domainDies, VMID(3))))
            plan.faults.faults.append(
                Fault(at: 59 * Plan.second, lasts: 5 * Plan.second, .events(.lost, perMille: 1000)))
        }
        XCTAssertEqual(violation?.invariant, "true-row")
        XCTAssertEqual(violation?.vm, VMID(3))
    }

    /// A fault that cannot keep HKD from noticing excuses nothing.
    func testTrueRowIsSeenToFailBesideFaultsThatDoNotHinderIt() {
        let others: [Fault.Kind] = [
            .call(.hanging(.hypervisor, vm: VMID(1))), .call(.failing(.hasher, .rejected, perMille: 1000)),
            .call(.failing(.store, .rejected, perMille: 100)), .node(.ofVM(.agentSilent, VMID(3))),
            .node(.ofNode(.diskFull)), .call(.hanging(.guestConnections, vm: nil)),
            .call(.slow(.hypervisor, nanoseconds: Plan.second)),
            // Each source of the node is looked at apart.
            .call(.failing(.secrets, .rejected, perMille: 1000)), .call(.failing(.filter, .rejected, perMille: 1000)),
            .call(.failing(.hypervisor, .rejected, perMille: 1000)),
        ]
        for (index, other) in others.enumerated() {
            let violation = seen(.hidesDeadDomains) { plan in
                plan.faults.faults.append(Fault(at: 60 * Plan.second, .ofVM(.domainDies, VMID(3))))
                plan.faults.faults.append(
                    Fault(at: 59 * Plan.second, lasts: 5 * Plan.second, .events(.lost, perMille: 1000)))
                // The last one is on the way of every look at the domains: while it lasts, and a minute more, nothing
                // is said.
                let aim = FaultAim(call: index == others.count - 1 ? .observeDomains : nil)
                plan.faults.faults.append(Fault(at: 50 * Plan.second, lasts: 200 * Plan.second, aim: aim, other))
            }
            let isHindering = index == others.count - 1
            XCTAssertEqual(violation?.invariant, "true-row", "\(other)")
            XCTAssertEqual(violation.map { $0.at > 250 * Plan.second }, isHindering, "\(other)")
        }
    }

    func testNoLostWriteIsSeenToFail() { XCTAssertEqual(seen(.losesWrites)?.invariant, "no-lost-write") }

    /// The revision goes on; only the rows show it.
    func testNoLostWriteIsSeenToFailWhenAnAcknowledgedUpdateIsTakenBack() {
        let violation = seen(.undoesUpdates) {
            $0.steps.append(Step(at: 500 * Plan.second, .administer(.blockUser(3))))
        }
        XCTAssertEqual(violation?.invariant, "no-lost-write")
        XCTAssertEqual(violation.map { $0.at / Plan.second }, 501)
    }

    func testDiskSafeIsSeenToFailWhenAKeptOverlayIsMadeAnew() {
        XCTAssertNil(seen(nil) { $0.farm.keepsOverlay = true })
        let violation = seen(.remakesOverlays) { $0.farm.keepsOverlay = true }
        XCTAssertEqual(violation?.invariant, "disk-safe")
        XCTAssertTrue(violation?.words.contains("replaced by a fresh one") == true, violation?.words ?? "")
    }

    func testBoundedIsSeenToFailWhenMoreVMsStartThanTheNodeHasSlots() {
        for slots in 1...3 {
            let violation = seen(.takesOneSlotMore) { $0.farm.heavyMax = slots }
            XCTAssertEqual(violation?.invariant, "bounded")
            XCTAssertNil(seen(nil) { $0.farm.heavyMax = slots })
        }
    }

    func testDiskSafeIsSeenToFailWhenAUserDiskIsMadeAnew() {
        XCTAssertEqual(seen(.remakesUserDisks)?.invariant, "disk-safe")
    }

    func testDiskSafeIsSeenToFailWhenABaseImageIsWritten() {
        XCTAssertEqual(seen(.writesBaseImages)?.invariant, "disk-safe")
    }

    func testBoundedIsSeenToFail() { XCTAssertEqual(seen(.asksWithoutPause)?.invariant, "bounded") }

    func testAStoreThatTellsOfChangesWithoutEndMakesNobodyBusy() { XCTAssertNil(seen(.repeatsEvents)) }

    func testNoOrphanIsSeenToFail() { XCTAssertEqual(seen(.keepsTaps)?.invariant, "no-orphan") }

    func testSettlesIsSeenToFail() { XCTAssertEqual(seen(.ignoresDestroy)?.invariant, "settles") }

    func testAnsweredIsSeenToFail() { XCTAssertEqual(seen(.swallowsAnswers)?.invariant, "answered") }

    func testDepartsIsSeenToFail() {
        let told = Fault(at: 120 * Plan.second, lasts: 30 * Plan.second, .terminate(.houseKeeper))
        for mutation in [Mutation.endsDesktops, .leavesWithoutAWord, .staysWhenTold] {
            let violation = seen(mutation) { $0.faults.faults.append(told) }
            XCTAssertEqual(violation?.invariant, "departs", "\(mutation)")
        }
        XCTAssertNil(seen(nil) { $0.faults.faults.append(told) })
    }

    func testBlockedIsSeenToFail() {
        let violation = seen(.forgetsBlocks) {
            $0.steps.append(Step(at: 140 * Plan.second, .administer(.blockUser(3))))
        }
        XCTAssertEqual(violation?.invariant, "blocked")
    }

    func testBlockedIsSeenToFailWhenABlockedVMIsLetIn() {
        let violation = seen(.forgetsVMBlocks) {
            $0.steps.append(Step(at: 140 * Plan.second, .administer(.block(vm: 3))))
        }
        XCTAssertEqual(violation?.invariant, "blocked")
        XCTAssertEqual(violation?.vm, VMID(3))
    }

    func testBlockedIsSeenToFailWhenABlockedNodeLetsIn() {
        let violation = seen(.forgetsNodeBlocks) {
            $0.steps.append(Step(at: 140 * Plan.second, .administer(.blockNode(1))))
        }
        XCTAssertEqual(violation?.invariant, "blocked")
    }

    func testFairIsSeenToFail() { XCTAssertEqual(seen(.refusesOneUser)?.invariant, "fair") }

    func testADeadProcessThatSpinsIsNamed() {
        let run = SimulatedRun()
        run.life.start {
            while true {
                do {
                    _ = try await run.ports.network.observeBridge()
                } catch {
                    continue
                }
            }
        }
        run.simulation.executor.schedule(at: 1_000_000_000) { run.simulation.kill(run.life) }
        guard case .stopped(let reason) = run.simulation.executor.run(until: 10_000_000_000) else {
            return XCTFail("it was not stopped")
        }
        XCTAssertTrue(reason.contains("node-1/hkd#1"), reason)
    }
}

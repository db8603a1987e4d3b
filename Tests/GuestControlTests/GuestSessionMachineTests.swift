import FarmModel
import GuestProtocol
import XCTest

@testable import GuestControl

final class GuestSessionMachineTests: XCTestCase {
    private typealias Observation = GuestSessionMachine.Observation

    private func at(_ seconds: Int) -> Instant { Instant.start.advanced(by: .seconds(seconds)) }

    private func seen(
        _ state: NXAgentState?, listening: Bool = false, program: Bool = true
    ) -> Observation {
        Observation(
            isAlive: true, state: state, isListening: listening, isProgramAlive: program)
    }

    private let dead = Observation(isAlive: false, state: .terminated, isListening: false, isProgramAlive: false)

    /// A machine whose nxagent listens for its first client.
    private func listening() -> GuestSessionMachine {
        var machine = GuestSessionMachine()
        _ = machine.start(isRepeated: false, at: at(0))
        _ = machine.provisioned(failure: nil, at: at(0))
        _ = machine.observe(seen(.starting, listening: true, program: false), at: at(0))
        return machine
    }

    private func connected() -> GuestSessionMachine {
        var machine = listening()
        _ = machine.observe(seen(.running, program: false), at: at(0))
        return machine
    }

    private func suspended() -> GuestSessionMachine {
        var machine = connected()
        _ = machine.observe(seen(.suspended), at: at(0))
        return machine
    }

    private func resuming() -> GuestSessionMachine {
        var machine = suspended()
        _ = machine.start(isRepeated: false, at: at(0))
        return machine
    }

    func testAStartGoesFromStoppedToConnectedAndStartsTheProgramOnce() {
        var machine = GuestSessionMachine()
        XCTAssertEqual(machine.state, .stopped)
        let (actions, refusal) = machine.start(isRepeated: false, at: at(0))
        XCTAssertEqual(actions, [.provision])
        XCTAssertNil(refusal)
        XCTAssertEqual(machine.state, .provisioning)
        XCTAssertNil(machine.deadline, "formatting a large disk takes as long as it takes")
        XCTAssertEqual(machine.provisioned(failure: nil, at: at(1)), [.launch])
        XCTAssertEqual(machine.state, .starting)
        XCTAssertEqual(machine.observe(seen(nil, program: false), at: at(1)), [])
        XCTAssertEqual(machine.observe(seen(.starting, program: false), at: at(1)), [])
        XCTAssertEqual(machine.state, .starting, "not yet listening")
        XCTAssertEqual(machine.observe(seen(.starting, listening: true, program: false), at: at(2)), [])
        XCTAssertEqual(machine.state, .listening)
        XCTAssertEqual(machine.observe(seen(.starting, program: false), at: at(3)), [], "the proxy talks")
        XCTAssertEqual(machine.state, .listening)
        XCTAssertEqual(machine.observe(seen(.running, program: false), at: at(4)), [.startProgram])
        XCTAssertEqual(machine.state, .connected)
        XCTAssertEqual(machine.observe(seen(.running), at: at(5)), [])
        XCTAssertEqual(machine.observe(seen(.running), at: at(100_000)), [])
        XCTAssertEqual(machine.state, .connected, "a connected session has no limit")
    }

    func testWhatAStartDoesInEachState() {
        var provisioning = GuestSessionMachine()
        _ = provisioning.start(isRepeated: false, at: at(0))
        var starting = provisioning
        _ = starting.provisioned(failure: nil, at: at(0))
        var suspending = connected()
        _ = suspending.suspend(at: at(0))
        var stopping = connected()
        _ = stopping.stop(at: at(0))
        var listeningAgain = resuming()
        _ = listeningAgain.observe(seen(.resuming, listening: true), at: at(0))

        typealias Case = (GuestSessionMachine, Bool, [GuestSessionMachine.Action], Bool, GuestSessionState)
        let table: [Case] = [
            (GuestSessionMachine(), false, [.provision], false, .provisioning),
            (provisioning, false, [], false, .provisioning),
            (starting, true, [], false, .starting),
            (starting, false, [], true, .starting),
            (listening(), true, [], false, .listening),
            (listening(), false, [.terminate], true, .stopping),
            (listeningAgain, true, [], false, .listening),
            (listeningAgain, false, [.suspend], true, .suspending),
            (connected(), true, [.suspend], true, .suspending),
            (connected(), false, [.suspend], true, .suspending),
            (suspending, false, [], true, .suspending),
            (suspended(), false, [.resume], false, .starting),
            (stopping, false, [], true, .stopping),
        ]
        for (start, isRepeated, actions, isRefused, state) in table {
            var machine = start
            let answer = machine.start(isRepeated: isRepeated, at: at(1))
            let name = "\(start.state), repeated \(isRepeated)"
            XCTAssertEqual(answer.actions, actions, name)
            XCTAssertEqual(answer.refusal != nil, isRefused, name)
            XCTAssertEqual(machine.state, state, name)
            if let refusal = answer.refusal {
                XCTAssert(AgentAnswer.failure(refusal).isBusy, "\(name): a router must see that it may retry")
            }
        }
    }

    func testAResumedSessionConnectsWithoutASecondProgram() {
        var machine = resuming()
        XCTAssertEqual(machine.state, .starting)
        let early = Instant.start.advanced(by: .milliseconds(499))
        XCTAssertEqual(machine.observe(seen(.suspended), at: early), [], "it may yet heed the signal")
        XCTAssertEqual(machine.observe(seen(.suspended), at: at(1)), [.resume], "the signal was lost")
        XCTAssertEqual(machine.observe(seen(.suspended), at: at(1)), [], "not at every look")
        XCTAssertEqual(machine.state, .starting)
        XCTAssertEqual(machine.observe(seen(.resuming, listening: true), at: at(1)), [])
        XCTAssertEqual(machine.state, .listening)
        XCTAssertEqual(machine.observe(seen(.running), at: at(2)), [])
        XCTAssertEqual(machine.state, .connected)
    }

    func testARefusedClientLeavesAResumedSessionSuspended() {
        var machine = resuming()
        _ = machine.observe(seen(.resuming, listening: true), at: at(1))
        XCTAssertEqual(machine.observe(seen(.suspended), at: at(1)), [])
        XCTAssertEqual(machine.state, .suspended)
    }

    func testAClientThatNeverComesEndsAFreshSessionAndSuspendsAResumedOne() {
        var fresh = listening()
        XCTAssertEqual(fresh.observe(seen(.starting, program: false), at: at(29)), [])
        XCTAssertEqual(fresh.observe(seen(.starting, program: false), at: at(30)), [.terminate])
        XCTAssertEqual(fresh.state, .stopping)
        XCTAssertNotNil(fresh.lastFailure)

        var resumed = resuming()
        _ = resumed.observe(seen(.resuming, listening: true), at: at(0))
        XCTAssertEqual(resumed.observe(seen(.resuming, listening: true), at: at(30)), [.suspend])
        XCTAssertEqual(resumed.observe(seen(.suspended), at: at(31)), [])
        XCTAssertEqual(resumed.state, .suspended)

        var deaf = resuming()
        XCTAssertEqual(
            deaf.observe(seen(.suspended), at: at(20)), [], "another signal would resume it after all")
        XCTAssertEqual(deaf.state, .suspended)
    }

    func testASuspensionThatIsNotHeededIsAskedForAgain() {
        var machine = connected()
        XCTAssertEqual(machine.suspend(at: at(0)), [.suspend])
        XCTAssertEqual(machine.observe(seen(.running), at: at(0)), [])
        XCTAssertEqual(machine.observe(seen(.running), at: at(1)), [.suspend])
        XCTAssertEqual(machine.observe(seen(.suspending), at: at(2)), [], "now it is heeded")
        XCTAssertEqual(machine.observe(seen(.suspended), at: at(3)), [])
        XCTAssertEqual(machine.state, .suspended)
        XCTAssertEqual(machine.observe(seen(.suspended), at: at(4)), [])
    }

    func testEveryPassingStateHasALimit() {
        var starting = GuestSessionMachine()
        _ = starting.start(isRepeated: false, at: at(0))
        _ = starting.provisioned(failure: nil, at: at(0))
        XCTAssertEqual(starting.observe(seen(nil, program: false), at: at(19)), [])
        XCTAssertEqual(starting.observe(seen(nil, program: false), at: at(20)), [.terminate])

        var suspending = connected()
        XCTAssertEqual(suspending.suspend(at: at(0)), [.suspend])
        XCTAssertEqual(suspending.observe(seen(.suspending), at: at(19)), [])
        XCTAssertEqual(suspending.observe(seen(.suspending), at: at(20)), [.terminate])
        XCTAssertEqual(suspending.state, .stopping)
        XCTAssertEqual(suspending.observe(seen(.suspending), at: at(39)), [])
        XCTAssertEqual(suspending.observe(seen(.suspending), at: at(40)), [.kill])
        XCTAssertEqual(suspending.observe(seen(.suspending), at: at(60)), [.kill], "again and again")
        XCTAssertEqual(suspending.observe(dead, at: at(61)), [.stopProgram])
        XCTAssertEqual(suspending.state, .stopped)
    }

    func testAClientThatLeavesSuspendsTheSession() {
        var slow = connected()
        XCTAssertEqual(slow.observe(seen(.suspending), at: at(1)), [])
        XCTAssertEqual(slow.state, .suspending)
        XCTAssertEqual(slow.observe(seen(.suspended), at: at(2)), [])
        XCTAssertEqual(slow.state, .suspended)
        XCTAssertNil(slow.deadline)
        XCTAssertEqual(suspended().state, .suspended)
    }

    func testADeadProcessIsAStoppedSessionFromEveryState() {
        for machine in [listening(), connected(), suspended(), resuming()] {
            var machine = machine
            let hadProgram = machine.hasProgram
            let name = "\(machine.state)"
            XCTAssertEqual(machine.observe(dead, at: at(1)), hadProgram ? [.stopProgram] : [], name)
            XCTAssertEqual(machine.state, .stopped, name)
            XCTAssertNil(machine.deadline, name)
            XCTAssertEqual(machine.start(isRepeated: true, at: at(2)).actions, [.provision], name)
        }
        var machine = listening()
        _ = machine.observe(dead, at: at(1))
        XCTAssertNotNil(machine.lastFailure, "it ended before anybody was connected")
    }

    func testTheEndOfTheProgramIsALogout() {
        for start in [connected(), suspended()] {
            var machine = start
            _ = machine.observe(seen(start.state == .connected ? .running : .suspended), at: at(1))
            let left = seen(start.state == .connected ? .running : .suspended, program: false)
            XCTAssertEqual(machine.observe(left, at: at(2)), [.terminate])
            XCTAssertEqual(machine.state, .stopping)
            XCTAssertEqual(machine.observe(dead, at: at(3)), [.stopProgram])
            XCTAssertEqual(machine.state, .stopped)
            XCTAssertNil(machine.lastFailure, "a logout is no failure")
        }
    }

    func testStopAndSuspendDoNothingWhereThereIsNothingToDo() {
        var machine = GuestSessionMachine()
        XCTAssertEqual(machine.stop(at: at(0)), [])
        XCTAssertEqual(machine.suspend(at: at(0)), [])
        XCTAssertEqual(machine.observe(dead, at: at(0)), [])
        XCTAssertEqual(machine.state, .stopped)
        for start in [listening(), suspended(), resuming()] {
            var machine = start
            XCTAssertEqual(machine.suspend(at: at(0)), [])
            XCTAssertEqual(machine.state, start.state)
            XCTAssertEqual(machine.stop(at: at(0)), [.terminate])
            XCTAssertEqual(machine.stop(at: at(1)), [], "once is enough")
        }
    }

    func testAFailedProvisioningStopsAndTellsWhy() {
        var machine = GuestSessionMachine()
        _ = machine.start(isRepeated: false, at: at(0))
        XCTAssertEqual(machine.provisioned(failure: "the disk is full of swap", at: at(9)), [])
        XCTAssertEqual(machine.state, .stopped)
        XCTAssertEqual(machine.lastFailure, "the disk is full of swap")
        XCTAssertEqual(machine.start(isRepeated: true, at: at(10)).actions, [.provision])
        XCTAssertNil(machine.lastFailure)
    }

    func testAStopDuringProvisioningHoldsAtItsEnd() {
        var machine = GuestSessionMachine()
        _ = machine.start(isRepeated: false, at: at(0))
        XCTAssertEqual(machine.stop(at: at(1)), [])
        XCTAssertNotNil(machine.start(isRepeated: true, at: at(1)).refusal)
        XCTAssertEqual(machine.provisioned(failure: nil, at: at(2)), [])
        XCTAssertEqual(machine.state, .stopped)
    }

    func testAnAgentStartedAnewAdoptsWhatRuns() {
        let table: [(NXAgentState?, Bool, GuestSessionState, [GuestSessionMachine.Action])] = [
            (.running, true, .connected, []), (.running, false, .connected, [.startProgram]),
            (.suspended, true, .suspended, []), (.suspending, true, .suspending, []),
            (.starting, false, .listening, []), (.resuming, true, .listening, []), (nil, false, .starting, []),
            (.terminating, true, .stopping, []),
        ]
        for (state, hasProgram, expected, actions) in table {
            var machine = GuestSessionMachine()
            let found = seen(state, listening: true, program: hasProgram)
            XCTAssertEqual(machine.adopt(found, hasProgram: hasProgram, at: at(0)), actions, "\(expected)")
            XCTAssertEqual(machine.state, expected)
        }
        var machine = GuestSessionMachine()
        XCTAssertEqual(machine.adopt(dead, hasProgram: true, at: at(0)), [])
        XCTAssertEqual(machine.state, .stopped)
    }

    /// Every order of events up to a depth: each passing state has a limit, no order kills a desktop that ran
    /// because nobody came, and the program is started once in the life of an nxagent.
    func testEveryShortOrderOfEventsKeepsTheRules() {
        var visited: Set<GuestSessionMachine> = []
        var frontier: [GuestSessionMachine] = [GuestSessionMachine()]
        let states: [NXAgentState?] = NXAgentState.allCases.map { $0 } + [nil]
        for depth in 1...12 {
            var next: [GuestSessionMachine] = []
            for machine in frontier {
                var followers: [(GuestSessionMachine, [GuestSessionMachine.Action])] = []
                func follow(_ step: (inout GuestSessionMachine) -> [GuestSessionMachine.Action]) {
                    var copy = machine
                    let actions = step(&copy)
                    followers.append((copy, actions))
                }
                let now = at(depth * 15)
                for isRepeated in [true, false] { follow { $0.start(isRepeated: isRepeated, at: now).actions } }
                follow { $0.stop(at: now) }
                follow { $0.suspend(at: now) }
                follow { $0.provisioned(failure: nil, at: now) }
                follow { $0.provisioned(failure: "x", at: now) }
                follow { $0.observe(self.dead, at: now) }
                for state in states {
                    for listening in [true, false] {
                        follow { $0.observe(self.seen(state, listening: listening), at: now) }
                    }
                }
                for (after, actions) in followers {
                    check(machine, actions, after)
                    if visited.insert(after).inserted { next.append(after) }
                }
            }
            frontier = next
        }
        XCTAssertGreaterThan(visited.count, 40, "54 were found when this was written")
    }

    private func check(
        _ before: GuestSessionMachine, _ actions: [GuestSessionMachine.Action], _ after: GuestSessionMachine
    ) {
        let isPassing = [.starting, .listening, .suspending, .stopping].contains(after.state)
        XCTAssertEqual(after.deadline != nil, isPassing, "\(after)")
        if actions.contains(.startProgram) { XCTAssert(!before.hasProgram && after.hasProgram, "\(before)") }
        if actions.contains(.resume) { XCTAssert([.suspended, .starting].contains(before.state), "\(before)") }
        if actions.contains(.provision) { XCTAssertEqual(before.state, .stopped) }
        if actions.contains(.launch) { XCTAssertEqual(before.state, .provisioning) }
        if actions.contains(.terminate), before.hasRun, [.starting, .listening].contains(before.state) {
            XCTAssertEqual(after.state, .stopping)
            XCTAssertNil(after.lastFailure, "a desktop that ran was ended because nobody came: \(before)")
        }
    }
}

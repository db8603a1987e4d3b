import Simulator
import XCTest

final class SimulatorTests: XCTestCase {
    private struct Run: Hashable {
        var digest: UInt64
        var jobs: Int
    }

    /// 50 tasks that sleep and tell, in an order the seed decides.
    private func run(seed: UInt64) -> Run {
        let executor = SimulationExecutor(seed: seed)
        let trace = Confined(Trace(detail: .digest))
        let dice = Confined(SplitMix64(seed: seed, stream: .workload))
        executor.spawn {
            await withTaskGroup(of: Void.self) { group in
                for number in 0..<50 {
                    group.addTask {
                        for _ in 0..<10 {
                            _ = await executor.wait(until: executor.now + dice.value.within(1...1_000_000))
                            let record = TraceEntry(
                                at: executor.now, kind: 1, source: 0, outcome: 0, subject: Int64(number), value: 0)
                            trace.value.append(record, words: "")
                        }
                    }
                }
            }
        }
        XCTAssertEqual(executor.run(), .idle)
        return Run(digest: trace.value.digest, jobs: executor.jobsRun)
    }

    func testTheSameSeedGivesTheSameTraceAndAnotherSeedAnother() {
        var digests: Set<UInt64> = []
        for seed: UInt64 in 0..<200 {
            let first = run(seed: seed)
            XCTAssertEqual(first, run(seed: seed))
            digests.insert(first.digest)
        }
        XCTAssertEqual(digests.count, 200)
    }

    func testTimersOfOneMomentFireInTheOrderTheyWereSet() {
        let executor = SimulationExecutor(seed: 1)
        let order = Confined<[Int]>([])
        for number in 0..<1000 { executor.schedule(at: 5) { order.value.append(number) } }
        executor.run()
        XCTAssertEqual(order.value, Array(0..<1000))
        XCTAssertEqual(executor.now, 5)
    }

    func testACancelledSleepEndsAtOnceAndWakesNobodyElse() {
        let executor = SimulationExecutor(seed: 1)
        let log = Confined<[String]>([])
        let long = executor.spawn {
            do {
                try await executor.sleep(until: 1_000_000)
                log.value.append("slept")
            } catch {
                log.value.append("cancelled at \(executor.now)")
            }
        }
        executor.spawn {
            _ = await executor.wait(until: 10)
            long.cancel()
            // Takes over the slot of the cancelled sleep as soon as that is free.
            _ = await executor.wait(until: 2_000_000)
            log.value.append("second at \(executor.now)")
        }
        executor.run()
        XCTAssertEqual(log.value, ["cancelled at 10", "second at 2000000"])
    }

    func testAFrozenProcessDoesNothingUntilItIsThawed() {
        let executor = SimulationExecutor(seed: 1)
        let process = ProcessExecutor(name: "p", simulation: executor)
        let beats = Confined<[Int64]>([])
        executor.spawn(on: process) {
            for _ in 0..<6 {
                _ = await executor.wait(until: executor.now + 10)
                beats.value.append(executor.now)
            }
        }
        executor.schedule(at: 25) { process.freeze() }
        executor.schedule(at: 100) { process.thaw() }
        executor.run()
        XCTAssertEqual(beats.value, [10, 20, 100, 110, 120, 130])
    }

    private actor Pinned {
        let executor: NodeExecutor
        nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
        private(set) var count = 0
        init(_ executor: NodeExecutor) { self.executor = executor }
        func add() { count += 1 }
    }

    func testAnActorPinnedToAProcessRunsInTheSimulation() {
        let executor = SimulationExecutor(seed: 1)
        let process = ProcessExecutor(name: "p", simulation: executor)
        let pinned = Pinned(NodeExecutor(process: process))
        let seen = Confined(0)
        executor.spawn(on: process) {
            for _ in 0..<100 { await pinned.add() }
            seen.value = await pinned.count
        }
        executor.run()
        XCTAssertEqual(seen.value, 100)
    }

    func testAnEndlessLoopAtOneMomentStopsTheRunWithItsReason() {
        let executor = SimulationExecutor(seed: 1)
        executor.jobsPerMomentMax = 1000
        let goesOn = Confined(true)
        executor.spawn { while goesOn.value { await Task.yield() } }
        guard case .stopped(let reason) = executor.run() else { return XCTFail("it did not stop") }
        XCTAssertTrue(reason.contains("endless loop"), reason)
        goesOn.value = false
        executor.clearStop()
        XCTAssertEqual(executor.run(), .idle)
    }

    func testADeadIncarnationThatSwallowsItsErrorsStopsTheRunWithItsName() {
        let executor = SimulationExecutor(seed: 1)
        let life = Incarnation(process: "node-1/hkd", source: 1, number: 3, simulation: executor)
        life.start {
            // What a careless retry loop does: it asks again and again, whatever the answer.
            while true { _ = await life.enter() ? await executor.wait(until: executor.now + 1) : false }
        }
        executor.schedule(at: 100) { life.kill() }
        guard case .stopped(let reason) = executor.run() else { return XCTFail("it did not stop") }
        XCTAssertTrue(reason.contains("node-1/hkd#3"), reason)
    }

    func testASignalWakesEveryWaiterOnceAndRemembers() {
        let executor = SimulationExecutor(seed: 1)
        let signal = Signal<Int>()
        let got = Confined<[Int?]>([])
        for _ in 0..<3 { executor.spawn { got.value.append(await signal.wait()) } }
        let impatient = executor.spawn { got.value.append(await signal.wait()) }
        executor.schedule(at: 5) { impatient.cancel() }
        executor.schedule(at: 10) {
            signal.fire(7)
            signal.fire(8)
        }
        executor.run()
        XCTAssertEqual(got.value, [nil, 7, 7, 7])
        executor.spawn { got.value.append(await signal.wait()) }
        executor.run()
        XCTAssertEqual(got.value.last, 7)
    }
}

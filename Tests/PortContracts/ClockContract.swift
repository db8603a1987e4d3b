import FarmModel
package import FarmPorts

/// What the contract suite of `FarmClock` needs around the clock.
package protocol ClockFixture: Sendable {
    var clock: any FarmClock { get }
    /// How late a sleeper may wake here.
    var patience: Duration { get }

    /// Stops the process that asks for so long, and returns when it goes on.
    func stopProcess(for pause: Duration) async throws
    /// Something happens that a poll of this subject would find.
    func makeNews(for subject: PollSubject) async throws
}

/// The promises of `FarmClock`.
package struct ClockContract<Fixture: ClockFixture>: Sendable {
    private let fixture: Fixture
    private var clock: any FarmClock { fixture.clock }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("it never goes back") { try await neverGoesBack() },
            ContractCheck("a sleep ends at its moment or later, and soon") { try await sleepEnds() },
            ContractCheck("what is over is not slept for") { try await pastIsNotSleptFor() },
            ContractCheck("sleepers wake in the order of their moments") { try await sleepersWakeInOrder() },
            ContractCheck("a sleeper that is cancelled is told at once") { try await cancelledIsTold() },
            ContractCheck("who was cancelled before does not sleep") { try await cancelledDoesNotSleep() },
            ContractCheck("a poll that would find something is made at its moment or whole periods later") {
                try await pollsAreMade()
            },
            ContractCheck("the time for people goes on with it") { try await wallTimeGoesOn() },
            ContractCheck("time goes on while the process is stopped") { try await stoppedTimeCounts() },
        ]
    }

    private func neverGoesBack() async throws {
        var last = clock.now
        for _ in 0..<1000 {
            let now = clock.now
            try require(now >= last, "it went from \(last) back to \(now)")
            last = now
        }
    }

    private func sleepEnds() async throws {
        for pause in [Duration.milliseconds(1), .milliseconds(50), .seconds(1)] {
            let moment = clock.now.advanced(by: pause)
            try await clock.sleep(until: moment)
            try requireWoken(at: clock.now, for: moment)
        }
    }

    private func requireWoken(at now: Instant, for moment: Instant) throws {
        try require(now >= moment, "it woke at \(now), before \(moment)")
        try require(now <= moment.advanced(by: fixture.patience), "it woke at \(now), long after \(moment)")
    }

    private func pastIsNotSleptFor() async throws {
        let begun = clock.now
        try await clock.sleep(until: Instant(nanoseconds: begun.nanoseconds - 1_000_000_000))
        try await clock.sleep(until: Instant(nanoseconds: 0))
        try await clock.sleep(for: .zero)
        try requireWoken(at: clock.now, for: begun)
    }

    private func sleepersWakeInOrder() async throws {
        let (clock, begun) = (clock, clock.now)
        let order = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in [3, 1, 4, 2] {
                group.addTask {
                    try await clock.sleep(until: begun.advanced(by: .milliseconds(number * 250)))
                    return number
                }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        try requireEqual(order, [1, 2, 3, 4], "the order of waking")
    }

    /// The two ways to sleep, until an hour from now.
    private var longSleeps: [@Sendable (any FarmClock) async throws -> Void] {
        [
            { try await $0.sleep(until: $0.now.advanced(by: .seconds(3600))) },
            { clock in
                for subject in PollSubject.allCases {
                    let moment = clock.now.advanced(by: .seconds(3600))
                    _ = try await clock.sleep(until: moment, toPoll: subject, every: .seconds(60))
                }
            },
        ]
    }

    /// Whether it ended with `CancellationError`, and when.
    private func end(of sleep: @Sendable (any FarmClock) async throws -> Void) async -> (isCancelled: Bool, at: Instant)
    {
        do {
            try await sleep(clock)
            return (false, clock.now)
        } catch {
            return (error is CancellationError, clock.now)
        }
    }

    private func cancelledIsTold() async throws {
        for sleep in longSleeps {
            let begun = clock.now
            let end = try await withThrowingTaskGroup(of: (isCancelled: Bool, at: Instant)?.self) { group in
                group.addTask { await self.end(of: sleep) }
                try await clock.sleep(for: .milliseconds(100))
                group.cancelAll()
                return try await group.next() ?? nil
            }
            try require(end?.isCancelled == true, "the sleeper was not told that it is cancelled")
            try requireWoken(at: end?.at ?? begun, for: begun.advanced(by: .milliseconds(100)))
        }
    }

    private func cancelledDoesNotSleep() async throws {
        for sleep in longSleeps + [{ try await $0.sleep(until: Instant(nanoseconds: 0)) }] {
            let begun = clock.now
            let end = await withTaskGroup(of: (isCancelled: Bool, at: Instant)?.self) { group in
                group.cancelAll()
                group.addTask { await self.end(of: sleep) }
                return await group.next() ?? nil
            }
            try require(end?.isCancelled == true, "somebody who was cancelled slept")
            try requireWoken(at: end?.at ?? begun, for: begun)
        }
    }

    private func pollsAreMade() async throws {
        let period = Duration.milliseconds(200)
        let (clock, fixture) = (clock, fixture)
        for subject in PollSubject.allCases {
            let first = clock.now.advanced(by: period)
            let news = first.advanced(by: .milliseconds(500))
            let reached = try await withThrowingTaskGroup(of: Instant?.self) { group in
                group.addTask {
                    let reached = try await clock.sleep(until: first, toPoll: subject, every: period)
                    try requireWoken(at: clock.now, for: reached)
                    return reached
                }
                group.addTask {
                    try await clock.sleep(until: news)
                    try await fixture.makeNews(for: subject)
                    return nil
                }
                let reached = try await group.reduce(into: Instant?.none) { $0 = $0 ?? $1 }
                return reached ?? clock.now
            }
            let later = first.duration(to: reached)
            try require(later >= .zero, "a poll of \(subject) at \(reached), before \(first)")
            try require(
                later.wholeNanoseconds % period.wholeNanoseconds == 0,
                "a poll of \(subject) \(later) after \(first), which is no whole number of periods")
            try require(
                reached <= news.advanced(by: period), "what happened at \(news) is polled for at \(reached) only")
        }
    }

    private func wallTimeGoesOn() async throws {
        let (begun, wall) = (clock.now, clock.wallTime)
        try await clock.sleep(for: .seconds(2))
        let passed = begun.duration(to: clock.now).wholeNanoseconds / 1_000_000_000
        let onWall = clock.wallTime.seconds - wall.seconds
        try require(abs(onWall - passed) <= 1, "\(passed) s passed, and \(onWall) s of the time for people")
    }

    private func stoppedTimeCounts() async throws {
        let (clock, begun) = (clock, clock.now)
        let woken = try await withThrowingTaskGroup(of: Instant.self) { group in
            group.addTask {
                try await clock.sleep(until: begun.advanced(by: .seconds(1)))
                return clock.now
            }
            try await fixture.stopProcess(for: .seconds(2))
            let after = begun.duration(to: clock.now)
            try require(after >= .seconds(2), "it was stopped for 2 s, of which \(after) are counted")
            return try await group.next() ?? begun
        }
        try require(woken >= begun.advanced(by: .seconds(1)), "who was due meanwhile woke before, at \(woken)")
        try require(
            woken <= begun.advanced(by: .seconds(2) + fixture.patience), "who was due meanwhile woke at \(woken) only")
    }
}

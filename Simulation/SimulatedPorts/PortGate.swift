package import FarmModel
package import FarmPorts
package import Simulator

/// The way of every port call of a simulated process: is the caller alive, what do the faults say, how long does it
/// take, then the effect on the world, in one piece.
///
/// Every simulated port is written with it, the store's too:
/// `try await gate.call(.storeWrite, vm: vm, attempt: "reporting ...") { try ledger.report(...) }`.
package struct PortGate: Sendable {
    package let simulation: Simulation
    package let incarnation: Incarnation
    package let node: NodeID

    package init(simulation: Simulation, incarnation: Incarnation, node: NodeID) {
        self.simulation = simulation
        self.incarnation = incarnation
        self.node = node
    }

    /// Carries out a call.
    ///
    /// - Parameters:
    ///   - half: what happens to the world when the call breaks off in the middle; nil where it has no middle.
    ///   - effect: what happens to the world; never waits, so it happens at one instant; at most once, perhaps after
    ///     the caller has given up or died.
    /// - Throws: what the effect throws, what a fault makes of it, or `.cancelled` when the caller is dead.
    package func call<Answer>(
        _ operation: PortOperation, vm: VMID? = nil, attempt: @autoclosure @escaping @Sendable () -> String,
        half: (@Sendable () -> Void)? = nil,
        effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) async throws(PortError) -> Answer {
        guard await incarnation.enter() else { throw gone(.unreachable, attempt()) }
        simulation.countCall()
        let begun = simulation.now
        let subject = vm?.rawValue ?? 0
        simulation.called(operation, vm: subject, by: incarnation)
        incarnation.began(isReading: operation.isReading, isReport: operation == .storeReport)
        do throws(PortError) {
            let answer = try await carryOut(operation, subject, attempt, half, effect)
            simulation.returned(operation, vm: subject, by: incarnation, isFailure: false)
            incarnation.finished(isReading: operation.isReading, isFailure: false)
            simulation.concluded(operation, vm: subject, outcome: 0)
            simulation.note(
                TraceKind(operation), source: incarnation.source, subject: subject, value: simulation.now - begun,
                words: attempt())
            return answer
        } catch {
            simulation.returned(operation, vm: subject, by: incarnation, isFailure: true)
            incarnation.finished(isReading: operation.isReading, isFailure: operation.port != .agent)
            simulation.concluded(operation, vm: subject, outcome: error.traceCode)
            simulation.note(
                TraceKind(operation), source: incarnation.source, outcome: error.traceCode, subject: subject,
                value: simulation.now - begun, words: "\(error.effect) \(error.reason): \(error)")
            throw error
        }
    }

    private func carryOut<Answer>(
        _ operation: PortOperation, _ subject: Int64, _ attempt: @escaping @Sendable () -> String,
        _ half: (@Sendable () -> Void)?,
        _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) async throws(PortError) -> Answer {
        simulation.step(incarnation, in: operation)
        guard incarnation.isAlive else { throw gone(.unreachable, attempt()) }
        try await refuseBehindStuck(operation, subject, attempt)
        let decision = simulation.withFaults {
            $0.decide(operation, vm: subject, node: node, now: simulation.now)
        }
        note(decision, operation, subject)
        if decision.failure == .unreachable {
            _ = await simulation.executor.wait(until: simulation.now + 1_000_000)
            throw PortError(.unreachable, .unavailable, attempt: attempt(), detail: "nothing was sent (fault)")
        }
        let usual = simulation.latency(of: operation, vm: subject, by: incarnation) + decision.extraLatency
        if let until = decision.hangsUntil {
            try await hang(operation, subject, until: until, attempt, effect)
        }
        if usual > operation.timeLimit {
            try await hang(operation, subject, until: simulation.now + usual, attempt, effect)
        }
        guard await wait(operation, until: simulation.now + usual) else {
            abandon(operation, within: usual, effect)
            throw gone(.outcomeUnknown, attempt())
        }
        guard incarnation.isAlive else {
            abandon(operation, within: 1_000_000_000, effect)
            throw gone(.outcomeUnknown, attempt())
        }
        let answer = try await answer(operation, decision.failure, attempt, half, effect)
        simulation.step(incarnation, in: operation)
        guard incarnation.isAlive else { throw gone(.outcomeUnknown, attempt()) }
        return answer
    }

    /// False when the caller was cancelled first, unless nothing can call the operation off.
    private func wait(_ operation: PortOperation, until moment: Int64) async -> Bool {
        if await simulation.executor.wait(until: moment) { return true }
        guard operation.isUnstoppable, incarnation.isAlive else { return false }
        let end = Signal<Void>()
        simulation.executor.schedule(at: moment) { end.fire(()) }
        await end.waitThroughCancellation()
        return true
    }

    private func note(_ decision: FaultBoard.Decision, _ operation: PortOperation, _ vm: Int64) {
        let port = operation.port
        if operation == .storeReport { simulation.reportMet(decision.failure, vm: vm) }
        if decision.extraLatency > 0 { simulation.mark(.slow(port)) }
        if decision.hangsUntil != nil { simulation.mark(.hung(port)) }
        if let failure = decision.failure { simulation.mark(.failed(port, failure)) }
    }

    /// The effect at its instant, as the fault has it.
    private func answer<Answer>(
        _ operation: PortOperation, _ failure: FailureMode?, _ attempt: () -> String, _ half: (@Sendable () -> Void)?,
        _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) async throws(PortError) -> Answer {
        switch failure {
        case nil, .unreachable: return try await effect()
        case .twice:
            let answer = try await effect()
            if operation.isOverOnReturn {
                await perform(effect)
            } else {
                later(within: 10_000_000_000, effect)
            }
            return answer
        case .rejected:
            throw PortError(.rejected, .unavailable, attempt: attempt(), detail: "the other side failed (fault)")
        case .lostRequest: break
        case .half:
            half?()
            throw PortError(.outcomeUnknown, .unavailable, attempt: attempt(), detail: "broken off (fault)")
        case .truncated:
            _ = try await effect()
            throw PortError(.outcomeUnknown, .corrupt, attempt: attempt(), detail: "the answer is cut off (fault)")
        case .lostAnswer: _ = try await effect()
        case .late:
            if !operation.isOverOnReturn {
                later(within: 10_000_000_000, effect)
            } else if simulation.guestChance(perMille: 500) {
                _ = try await effect()
            }
        }
        throw PortError(.outcomeUnknown, .timedOut, attempt: attempt(), detail: "no answer came (fault)")
    }

    /// Returns when the hang ends before the adapter's time limit; otherwise throws.
    private func hang<Answer>(
        _ operation: PortOperation, _ vm: Int64, until: Int64, _ attempt: () -> String,
        _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) async throws(PortError) {
        let limit = simulation.now + operation.timeLimit
        let cancelled = await !simulation.executor.wait(until: min(until, limit))
        if !cancelled, until <= limit { return }
        // What hung may still be done when it comes loose, or was done before it hung.
        if operation.isFileCall {
            stick(StuckCalls.Subject(operation, vm: vm), of: operation, until: until, effect)
        } else if operation.outlivesCaller, simulation.guestChance(perMille: 500) {
            if operation.isOverOnReturn {
                if incarnation.isAlive, !cancelled { await perform(effect) }
            } else if until < .max {
                simulation.executor.schedule(at: until) { start(effect) }
            }
        }
        if cancelled || !incarnation.isAlive { throw gone(.outcomeUnknown, attempt()) }
        throw PortError(
            .outcomeUnknown, .timedOut, attempt: attempt(),
            detail: "no answer within \(operation.timeLimit / 1_000_000_000) s")
    }

    /// A file call that was given up hangs on, and may take effect when it comes loose.
    private func stick<Answer>(
        _ subject: StuckCalls.Subject, of operation: PortOperation, until: Int64,
        _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) {
        simulation.hang(subject, of: incarnation)
        guard until < .max else { return }
        let isDone = simulation.guestChance(perMille: 500)
        simulation.executor.schedule(at: until) {
            guard simulation.comeLoose(subject, of: incarnation), isDone else { return }
            if incarnation.isAlive || operation.outlivesCaller { start(effect) }
        }
    }

    /// Nothing overtakes a file call that hangs.
    private func refuseBehindStuck(
        _ operation: PortOperation, _ vm: Int64, _ attempt: () -> String
    ) async throws(PortError) {
        guard operation.isFileCall,
            let refusal = simulation.refusal(of: StuckCalls.Subject(operation, vm: vm), by: incarnation)
        else { return }
        _ = await simulation.executor.wait(until: simulation.now + 1_000_000)
        switch refusal {
        case .sameSubject:
            throw PortError(
                .unreachable, .busy, attempt: attempt(), detail: "an earlier call about the same still hangs")
        case .tooMany(let count):
            throw PortError(.unreachable, .limit, attempt: attempt(), detail: "\(count) calls hang, the most allowed")
        }
    }

    /// The caller is gone while the call was on its way: whoever carries it out may still do so.
    private func abandon<Answer>(
        _ operation: PortOperation, within: Int64,
        _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) {
        // Nothing comes of a reading whose answer nobody hears.
        guard !operation.isReading, operation.outlivesCaller, simulation.guestChance(perMille: 500) else { return }
        later(within: within, effect)
    }

    private func later<Answer>(
        within: Int64, _ effect: @escaping @Sendable () async throws(PortError) -> Answer
    ) {
        simulation.executor.schedule(at: simulation.now + simulation.guestTime(0...within)) { start(effect) }
    }

    private func start<Answer>(_ effect: @escaping @Sendable () async throws(PortError) -> Answer) {
        simulation.executor.spawn { await perform(effect) }
    }

    private func perform<Answer>(_ effect: () async throws(PortError) -> Answer) async {
        do throws(PortError) {
            _ = try await effect()
        } catch {
            // Nobody is there any more to be told: the caller gave up or died. The trace keeps it.
            simulation.note(.world, source: incarnation.source, outcome: error.traceCode, words: "late: \(error)")
        }
    }

    private func gone(_ effect: PortError.Effect, _ attempt: String) -> PortError {
        PortError(
            effect, .cancelled, attempt: attempt,
            detail: incarnation.isAlive ? "the call was cancelled" : "\(incarnation.name) is dead")
    }
}

extension PortError {
    /// Effect and reason as one number, never 0.
    package var traceCode: UInt32 {
        var code: UInt32 = 0x8000_0000
        for byte in effect.rawValue.utf8 { code = code &* 31 &+ UInt32(byte) }
        for byte in reason.rawValue.utf8 { code = code &* 31 &+ UInt32(byte) }
        return code | 1
    }
}

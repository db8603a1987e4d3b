package import FarmModel
package import FarmPorts
import Synchronization
import ProgramRuns
import SystemCalls

/// Anti-spoofing rules by ebtables (its nf_tables variant): one batch per VM, written by
/// `ebtables-nft-restore`, which the kernel takes whole or not at all, table by table.
///
/// A frame pays for one jump rule per tap of the node and table that it passes (about 35 ns each on the
/// machine where it was measured, so 3.5 µs at 100 taps).
///
/// A look runs `ebtables-nft-save` only if the kernel's count of changes has moved since the last listing.
package final class EbtablesTapFilter: TapFilter {
    private let restore: ProgramRun
    private let save: ProgramRun
    private let queue = CallQueue()
    /// What this process applied: only a guess of what stands, tried first because it saves a listing.
    private let remembered = Mutex<[TapName: TapChains]>([:])
    private let held = Mutex<HeldListing?>(nil)
    private let generation: @Sendable () async -> RulesetGeneration?

    /// A batch takes 6 to 20 ms; listing 1,000 taps about 100.
    private static let timeLimit = Duration.seconds(10)
    /// 2,000 taps in both tables are about 6 MB of text.
    private static let outputMax = 32 << 20
    /// Another program may change the same tables between our listing and our batch.
    private static let attempts = 5

    /// - Parameter folder: where `ebtables-nft-restore` and `ebtables-nft-save` are.
    package convenience init(folder: String = "/usr/sbin") {
        self.init(folder: folder, generation: RulesetGeneration.current)
    }

    /// - Parameter generation: asks the kernel for the present one.
    init(folder: String, generation: @escaping @Sendable () async -> RulesetGeneration?) {
        self.generation = generation
        restore = ProgramRun(folder + "/ebtables-nft-restore", ["--noflush"], limit: Self.timeLimit)
        save = ProgramRun(folder + "/ebtables-nft-save", limit: Self.timeLimit, outputMax: Self.outputMax)
    }

    package func apply(_ rules: TapRuleSet) async throws(PortError) {
        let attempt = "applying filter rules of tap \(rules.tap)"
        let chains: TapChains
        do throws(EbtablesRule.Inexpressible) {
            chains = try TapChains(rules)
        } catch {
            throw PortError(
                .rejected, .invalid, attempt: attempt, detail: "ebtables cannot express \(error.words)")
        }
        try await oneAtATime { () async throws(PortError) in
            remember(nil, of: rules.tap)
            let first = try await run(chains.applyingFresh(), attempt)
            // Of a batch that failed, the first table may stand without the second.
            do throws(PortError) {
                try await replace(with: chains, after: first, attempt)
            } catch {
                throw error.afterPartOfTheWork
            }
            remember(chains, of: rules.tap)
        }
    }

    private func replace(
        with chains: TapChains, after first: ProgramRun.Outcome, _ attempt: String
    ) async throws(PortError) {
        var outcome = first
        for _ in 0..<Self.attempts where !outcome.isSuccess {
            let standing = try await list(attempt).taps[chains.tap]?.standing ?? StandingChains()
            outcome = try await run(chains.replacing(standing), attempt)
        }
        guard outcome.isSuccess else { throw refusal(outcome, of: restore, attempt) }
    }

    package func remove(_ tap: TapName) async throws(PortError) {
        let attempt = "removing filter rules of tap \(tap)"
        try await oneAtATime { () async throws(PortError) in
            var hasTried = false
            if let guess = remembered.withLock({ $0.removeValue(forKey: tap) }) {
                if try await run(TapChains.removing(guess.asStanding), attempt).isSuccess { return }
                hasTried = true
            }
            do throws(PortError) {
                try await removeWhatStands(of: tap, &hasTried, attempt)
            } catch {
                throw hasTried ? error.afterPartOfTheWork : error
            }
        }
    }

    private func removeWhatStands(
        of tap: TapName, _ hasTried: inout Bool, _ attempt: String
    ) async throws(PortError) {
        var outcome: ProgramRun.Outcome?
        for _ in 0..<Self.attempts {
            guard let standing = try await list(attempt).taps[tap]?.standing else { return }
            let tried = try await run(TapChains.removing(standing), attempt)
            hasTried = true
            if tried.isSuccess { return }
            outcome = tried
        }
        if let outcome { throw refusal(outcome, of: restore, attempt) }
    }

    package func observe() async throws(PortError) -> [ObservedFilter] {
        // Asked before the listing, so that what changes in the midst of it is seen the next time.
        let present = await generation()
        if let filters = held.withLock({ $0?.use(in: present) }) { return filters }
        let text = try await listedText("listing filter rules")
        let listing = HeldListing(text, asOf: present)
        held.withLock { $0 = listing }
        return listing.filters
    }

    private func remember(_ chains: TapChains?, of tap: TapName) { remembered.withLock { $0[tap] = chains } }

    private func oneAtATime(_ work: () async throws(PortError) -> Void) async throws(PortError) {
        await queue.enter()
        do throws(PortError) {
            try await work()
        } catch {
            await queue.leave()
            throw error
        }
        await queue.leave()
    }

    private func run(_ batch: String, _ attempt: String) async throws(PortError) -> ProgramRun.Outcome {
        try await run(restore, input: batch, attempt)
    }

    private func run(
        _ program: ProgramRun, input: String, _ attempt: String
    ) async throws(PortError) -> ProgramRun.Outcome {
        do throws(ProgramRun.Failure) {
            return try await program(input: input)
        } catch {
            let detail =
                switch error {
                case .notStarted(let words):
                    "\(program.program) could not be run: \(words); install the Debian package ebtables"
                case .overtime: "\(program.program) did not end within \(program.limit) and was killed"
                case .cancelled: "cancelled while \(program.program) ran"
                }
            throw error.portError(attempt: attempt, detail: detail)
        }
    }

    private func list(_ attempt: String) async throws(PortError) -> RuleListing {
        RuleListing(try await listedText(attempt))
    }

    private func listedText(_ attempt: String) async throws(PortError) -> String {
        let outcome = try await run(save, input: "", attempt)
        guard outcome.isSuccess else { throw refusal(outcome, of: save, attempt) }
        return outcome.output
    }

    private func refusal(_ outcome: ProgramRun.Outcome, of program: ProgramRun, _ attempt: String) -> PortError {
        PortError(
            .rejected, .unavailable, attempt: attempt,
            detail: "\(program.program) ended with \(outcome.ending): \(outcome.complaint)")
    }
}

package import FarmModel
package import FarmPorts
import Synchronization

/// Anti-spoofing rules by ebtables (its nf_tables variant): one batch per VM, written by
/// `ebtables-nft-restore`, which the kernel takes whole or not at all, table by table.
///
/// A frame pays for one jump rule per tap of the node and table that it passes (about 35 ns each on the
/// machine where it was measured, so 3.5 µs at 100 taps).
package final class EbtablesTapFilter: TapFilter {
    private let restore: CommandRun
    private let save: CommandRun
    private let queue = CallQueue()
    /// What this process applied: only a guess of what stands, tried first because it saves a listing.
    private let remembered = Mutex<[TapName: TapChains]>([:])

    /// A batch takes 6 to 20 ms; listing 1,000 taps about 100.
    private static let timeLimit = Duration.seconds(10)
    /// Another program may change the same tables between our listing and our batch.
    private static let attempts = 5

    /// - Parameter folder: where `ebtables-nft-restore` and `ebtables-nft-save` are.
    package init(folder: String = "/usr/sbin") {
        restore = CommandRun(path: folder + "/ebtables-nft-restore", arguments: ["--noflush"])
        save = CommandRun(path: folder + "/ebtables-nft-save")
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
            var outcome = try await run(chains.applyingFresh(), attempt)
            for _ in 0..<Self.attempts where !outcome.isSuccess {
                let standing = try await list(attempt).taps[rules.tap]?.standing ?? StandingChains()
                outcome = try await run(chains.replacing(standing), attempt)
            }
            guard outcome.isSuccess else { throw Self.refusal(outcome, attempt) }
            remember(chains, of: rules.tap)
        }
    }

    package func remove(_ tap: TapName) async throws(PortError) {
        let attempt = "removing filter rules of tap \(tap)"
        try await oneAtATime { () async throws(PortError) in
            if let guess = remembered.withLock({ $0.removeValue(forKey: tap) }),
                try await run(TapChains.removing(guess.asStanding), attempt).isSuccess
            {
                return
            }
            var outcome: CommandRun.Outcome?
            for _ in 0..<Self.attempts {
                guard let standing = try await list(attempt).taps[tap]?.standing else { return }
                let tried = try await run(TapChains.removing(standing), attempt)
                if tried.isSuccess { return }
                outcome = tried
            }
            if let outcome { throw Self.refusal(outcome, attempt) }
        }
    }

    package func observe() async throws(PortError) -> [ObservedFilter] {
        let listing = try await list("listing filter rules")
        return listing.taps.keys.sorted().map { ObservedFilter(tap: $0, isComplete: listing.isComplete($0)) }
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

    private func run(_ batch: String, _ attempt: String) async throws(PortError) -> CommandRun.Outcome {
        try await restore(input: batch, limit: Self.timeLimit, attempt: attempt)
    }

    private func list(_ attempt: String) async throws(PortError) -> RuleListing {
        let outcome = try await save(input: "", limit: Self.timeLimit, attempt: attempt)
        guard outcome.isSuccess else { throw Self.refusal(outcome, attempt) }
        return RuleListing(outcome.output)
    }

    private static func refusal(_ outcome: CommandRun.Outcome, _ attempt: String) -> PortError {
        PortError(.rejected, .unavailable, attempt: attempt, detail: outcome.complaint)
    }
}

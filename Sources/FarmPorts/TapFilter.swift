package import FarmModel

/// Anti-spoofing rules of taps.
///
/// A call that has returned, also with an error, is over: nothing of it happens later. Whoever wrote rules again after
/// a removal of unknown outcome must not lose them to it.
package protocol TapFilter: Sendable {
    /// Puts this rule set in force for its tap, replacing any other of that tap, in one step: no frame passes
    /// between old and new without rules. The tap need not exist yet. Idempotent. What other taps have is untouched.
    func apply(_ rules: TapRuleSet) async throws(PortError)

    /// Removes every chain, rule and jump of the tap. Idempotent.
    func remove(_ tap: TapName) async throws(PortError)

    /// Every tap name of ours for which any chain, rule or jump exists, sorted.
    func observe() async throws(PortError) -> [ObservedFilter]
}

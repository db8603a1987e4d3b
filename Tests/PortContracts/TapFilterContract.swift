import FarmControl
package import FarmModel
package import FarmPorts

/// What the contract suite of `TapFilter` needs around the port.
package protocol TapFilterFixture: Sendable {
    associatedtype Port: TapFilter

    var port: Port { get }
    /// A port on the same rules as a restarted daemon would have, knowing nothing of earlier calls.
    func restartedPort() async throws -> Port
    /// Another program removes all rules of the node, chains and jumps too.
    func flushEverything() async throws
    /// Another program removes a rule of this tap, or its jump; every call another part of what was applied.
    func breakRules(of tap: TapName) async throws
    /// Another program puts rules of its own beside ours, and they must stay.
    func addForeignRule() async throws
    func foreignRuleExists() async throws -> Bool
    /// A port on the same rules, each of whose changes is broken off when part of it was written.
    func portThatBreaksOff() async throws -> Port
}

/// The promises of `TapFilter` about what stands; which frames pass is tested with frames. Each check removes
/// what it applied.
package struct TapFilterContract<Fixture: TapFilterFixture>: Sendable {
    private let fixture: Fixture
    private var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("rules stand once applied") { try await rulesStand() },
            ContractCheck("applying twice changes nothing") { try await applyingTwice() },
            ContractCheck("other rules of the tap are replaced") { try await rulesAreReplaced() },
            ContractCheck("removing leaves nothing of the tap and all of the others") {
                try await rulesAreRemoved()
            },
            ContractCheck("a restarted daemon finds what stands") { try await restartedPortFindsRules() },
            ContractCheck("an altered rule set is told and repaired") { try await alteredRulesAreTold() },
            ContractCheck("flushed rules are told and repaired") { try await flushedRulesAreTold() },
            ContractCheck("many callers at once all succeed") { try await manyCallers() },
            ContractCheck("a change that was broken off is not called refused, and is mended") {
                try await brokenChangeIsUnknown()
            },
        ]
    }

    private func tap(_ vm: Int64) -> TapName {
        TapName(farm: FarmID(bits: 0xc0de02), node: NodeID(1), vm: VMID(vm))
    }

    private func rules(_ vm: Int64, ipv6: TapRules.IPv6Policy = .denied) -> TapRuleSet {
        let address = IPv4Address(bits: 0x0a03_0000 | UInt32(vm))
        return TapRules.rules(
            tap: tap(vm), mac: MACAddress(forVirtualMachineAt: address), address: address,
            nodeAddress: IPv4Address(bits: 0x0a03_fffe), ipv6: ipv6)
    }

    private func whole(_ vm: Int64) -> ObservedFilter { ObservedFilter(tap: tap(vm), isComplete: true) }

    private func brokenChangeIsUnknown() async throws {
        let broken = try await fixture.portThatBreaksOff()
        let rules = rules(20)
        try await requireFailure(.outcomeUnknown, .unavailable, "apply that was broken off") {
            () async throws(PortError) in
            try await broken.apply(rules)
        }
        try require(!(try await port.observe()).contains(whole(20)), "half a rule set is called whole")
        try await port.apply(rules)
        try requireEqual(try await port.observe(), [whole(20)], "after apply again")
        try await port.remove(tap(20))
        try requireEqual(try await port.observe(), [], "after remove")
    }

    private func rulesStand() async throws {
        try requireEqual(try await port.observe(), [], "before")
        try await port.apply(rules(1))
        try requireEqual(try await port.observe(), [whole(1)], "after apply")
        try await port.remove(tap(1))
        try requireEqual(try await port.observe(), [], "after remove")
    }

    private func applyingTwice() async throws {
        try await port.apply(rules(2, ipv6: .linkLocal))
        try await port.apply(rules(2, ipv6: .linkLocal))
        try requireEqual(try await port.observe(), [whole(2)], "after apply twice")
        try await port.remove(tap(2))
        try await port.remove(tap(2))
        try requireEqual(try await port.observe(), [], "after remove twice")
    }

    private func rulesAreReplaced() async throws {
        try await port.apply(rules(3))
        try await port.apply(rules(3, ipv6: .linkLocal))
        try requireEqual(try await port.observe(), [whole(3)], "more rules")
        try await port.apply(rules(3))
        try requireEqual(try await port.observe(), [whole(3)], "fewer rules")
        try await port.remove(tap(3))
        try requireEqual(try await port.observe(), [], "nothing of either is left")
    }

    private func rulesAreRemoved() async throws {
        try await fixture.addForeignRule()
        for vm in [6, 5, 4] as [Int64] { try await port.apply(rules(vm)) }
        try requireEqual(try await port.observe(), [whole(4), whole(5), whole(6)], "sorted")
        try await port.remove(tap(5))
        try await port.remove(tap(7))
        try requireEqual(try await port.observe(), [whole(4), whole(6)], "one of three removed")
        try await port.remove(tap(4))
        try await port.remove(tap(6))
        try requireEqual(try await port.observe(), [], "all removed")
        try require(try await fixture.foreignRuleExists(), "another program's rule was removed")
    }

    private func restartedPortFindsRules() async throws {
        try await port.apply(rules(8))
        let restarted = try await fixture.restartedPort()
        try requireEqual(try await restarted.observe(), [whole(8)], "seen by a restarted daemon")
        try await restarted.remove(tap(8))
        try requireEqual(try await port.observe(), [], "removed by it")
    }

    private func alteredRulesAreTold() async throws {
        try await port.apply(rules(9))
        try await port.apply(rules(10))
        for _ in 0..<4 {
            try await fixture.breakRules(of: tap(9))
            try requireEqual(
                try await port.observe(), [ObservedFilter(tap: tap(9), isComplete: false), whole(10)],
                "after another program altered the rules")
            try await port.apply(rules(9))
            try requireEqual(try await port.observe(), [whole(9), whole(10)], "repaired")
        }
        try await fixture.breakRules(of: tap(9))
        try await port.remove(tap(9))
        try requireEqual(try await port.observe(), [whole(10)], "an altered rule set is removed wholly")
        try await port.remove(tap(10))
    }

    private func flushedRulesAreTold() async throws {
        try await port.apply(rules(11))
        try await fixture.flushEverything()
        try require(
            try await port.observe().allSatisfy { !$0.isComplete }, "flushed rules are told as complete")
        try await port.apply(rules(11))
        try requireEqual(try await port.observe(), [whole(11)], "repaired")
        try await fixture.flushEverything()
        try await port.remove(tap(11))
        try requireEqual(try await port.observe(), [], "removed")
    }

    private func manyCallers() async throws {
        let port = port
        let numbers = (20..<36).map { Int64($0) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in numbers { group.addTask { try await port.apply(rules(number)) } }
            try await group.waitForAll()
        }
        try requireEqual(try await port.observe(), numbers.map(whole), "applied side by side")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in numbers { group.addTask { try await port.remove(tap(number)) } }
            try await group.waitForAll()
        }
        try requireEqual(try await port.observe(), [], "removed side by side")
    }
}

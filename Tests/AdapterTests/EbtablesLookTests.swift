import FarmControl
import FarmModel
import Foundation
import NodeRig
import PortContracts
import XCTest

@testable import EbtablesFilter

/// When a look at the rules lists them, and when the kernel's word is enough that nothing has changed.
final class EbtablesLookTests: XCTestCase {
    private static let tap = TapName(farm: FarmID(bits: 0xf3), node: NodeID(1), vm: VMID(7))

    func testWhileNothingChangesNoProgramIsRun() async throws {
        try await withRules { rules in
            let filter = rules.filter()
            for _ in 0..<5 { try await rules.requireWhole(true, filter) }
            XCTAssertEqual(try rules.listings(), 1)
        }
    }

    func testWhatSomebodyElseChangesIsSeenAtTheNextLook() async throws {
        try await withRules { rules in
            let filter = rules.filter()
            try await rules.requireWhole(true, filter)
            try await RigCommand.run("ebtables", "-D", "FORWARD", "-i", Self.tap.text, "-j", "QVD_FORWARD_\(Self.tap)")
            try await rules.requireWhole(false, filter)
            try await filter.apply(rules.set)
            try await rules.requireWhole(true, filter)
            try await RigCommand.run("ebtables", "-t", "nat", "-D", "QVD_PRE_\(Self.tap)", "1")
            try await rules.requireWhole(false, filter)
            try await RigCommand.run("nft", "flush", "ruleset")
            let left = try await filter.observe()
            XCTAssertEqual(left, [])
            XCTAssertEqual(try rules.listings(), 6, "one for each look, and one by which the rules were put back")
        }
    }

    func testWithoutTheKernelsNumberEachLookLists() async throws {
        try await withRules { rules in
            let filter = rules.filter { nil }
            for _ in 0..<3 { try await rules.requireWhole(true, filter) }
            XCTAssertEqual(try rules.listings(), 3)
        }
    }

    func testWhatChangesInTheMidstOfAListingIsSeenAtTheNextLook() async throws {
        try await withRules { rules in
            // The change comes after the listing and before its program ends.
            try rules.write(
                save: """
                    /usr/sbin/ebtables-nft-save "$@"
                    ebtables -F QVD_INPUT_\(Self.tap)
                    """)
            let filter = rules.filter()
            try await rules.requireWhole(true, filter)
            try await rules.requireWhole(false, filter)
        }
    }

    func testAListingIsNotTrustedForEver() {
        let generation = RulesetGeneration(number: 7)
        var kept = HeldListing("", asOf: generation)
        for _ in 0..<HeldListing.usesMax { XCTAssertEqual(kept.use(in: generation), []) }
        XCTAssertNil(kept.use(in: generation))
        var next = HeldListing("", asOf: generation)
        XCTAssertEqual(next.use(in: generation), [])
        XCTAssertNil(next.use(in: RulesetGeneration(number: 8)))
        XCTAssertNil(next.use(in: nil))
        var unknown = HeldListing("", asOf: nil)
        XCTAssertNil(unknown.use(in: nil))
    }

    private func withRules(_ body: (CountedRules) async throws -> Void) async throws {
        try PrivateNamespaces.require()
        let fixture = EbtablesFixture()
        try await fixture.flushEverything()
        let rules = try CountedRules(Self.tap)
        try await fixture.port.apply(rules.set)
        try await body(rules)
        try await fixture.flushEverything()
    }
}

/// The rules of one tap, and programs that count how often they are listed.
private struct CountedRules {
    let set: TapRuleSet
    private let folder: ScratchFolder

    init(_ tap: TapName) throws {
        let address = IPv4Address(bits: 0x0a03_0107)
        set = TapRules.rules(
            tap: tap, mac: MACAddress(forVirtualMachineAt: address), address: address,
            nodeAddress: IPv4Address(bits: 0x0a03_0001), ipv6: .denied)
        folder = try ScratchFolder("ebtables")
        try FileManager.default.createSymbolicLink(
            atPath: "\(folder.path)/ebtables-nft-restore", withDestinationPath: "/usr/sbin/ebtables-nft-restore")
        try write(save: "/usr/sbin/ebtables-nft-save \"$@\"")
    }

    /// Replaces the program that lists.
    func write(save script: String) throws {
        let path = "\(folder.path)/ebtables-nft-save"
        try "#!/bin/sh\necho >> '\(folder.path)/listings'\n\(script)\n".write(
            toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
    }

    func filter(
        _ generation: @escaping @Sendable () async -> RulesetGeneration? = { await RulesetGeneration.current() }
    ) -> EbtablesTapFilter {
        EbtablesTapFilter(folder: folder.path, generation: generation)
    }

    /// How often the rules were listed.
    func listings() throws -> Int { try Data(contentsOf: URL(filePath: "\(folder.path)/listings")).count }

    func requireWhole(_ isWhole: Bool, _ filter: EbtablesTapFilter) async throws {
        let found = try await filter.observe()
        try requireEqual(found, [ObservedFilter(tap: set.tap, isComplete: isWhole)], "the rules of the tap")
    }
}

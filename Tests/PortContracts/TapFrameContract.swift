package import FarmControl
package import FarmModel

/// A bridge with taps under rules, on which frames are sent.
package protocol TapFrameFixture: Sendable {
    var frames: TapFrames { get }
    /// The rules of the tap from which frames are sent are in force with this policy from now on.
    func use(_ policy: TapRules.IPv6Policy) async throws
    /// Sends the frames out of the guest's side of the tap and returns, for each, where it arrived.
    func send(_ cases: [TapFrames.Case]) async throws -> [TapFrameArrival]
    /// MAC addresses that the bridge believes behind the tap.
    func addressesBehindTap() async throws -> Set<MACAddress>
}

package struct TapFrameArrival: Sendable, Hashable {
    package var atNode = false
    package var atOtherTap = false
    package var atUplink = false

    package init() {}
}

/// What the rules promise of frames: every class, right and wrong, arrives exactly where it may.
package struct TapFrameContract<Fixture: TapFrameFixture>: Sendable {
    private let fixture: Fixture

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("frames without IPv6 arrive where they may") { try await framesArrive(.denied) },
            ContractCheck("frames with IPv6 allowed arrive where they may") {
                try await framesArrive(.linkLocal)
            },
        ]
    }

    private func framesArrive(_ policy: TapRules.IPv6Policy) async throws {
        try await fixture.use(policy)
        let own = fixture.frames.own.mac
        let cases = fixture.frames.cases(ipv6: policy)
        let arrivals = try await fixture.send(cases)
        var wrong: [String] = []
        for (item, arrival) in zip(cases, arrivals) {
            var wanted = TapFrameArrival()
            wanted.atNode = item.isForNode && item.mayReachNode
            wanted.atOtherTap = item.isForOtherPorts && item.mayReachOtherPorts
            // The bridge knows where the other VM is, so a frame to it alone is not flooded to the uplink.
            wanted.atUplink = wanted.atOtherTap && item.isForNode
            if arrival != wanted { wrong.append("\(item.name): wanted \(wanted), found \(arrival)") }
        }
        try require(
            wrong.isEmpty, "\(wrong.count) of \(cases.count) frames: \(wrong.joined(separator: "\n"))")
        try requireEqual(try await fixture.addressesBehindTap(), [own], "what the bridge learned from the tap")
    }
}

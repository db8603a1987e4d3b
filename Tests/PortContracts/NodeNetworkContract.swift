package import FarmModel
package import FarmPorts

/// What the contract suite of `NodeNetwork` needs around the port: the hands of an operator and of accidents.
package protocol NodeNetworkFixture: Sendable {
    associatedtype Port: NodeNetwork

    var port: Port { get }
    /// What `observeBridge` must tell, in the state that the fixture begins in.
    var bridge: ObservedBridge { get }

    func removeBridge() async throws
    /// Makes the bridge again as it was.
    func restoreBridge() async throws
    func setBridge(isUp: Bool) async throws
    /// Makes an interface of that name that is no tap.
    func makeForeignInterface(named name: String) async throws
    func foreignInterfaceExists(named name: String) async throws -> Bool
    func removeForeignInterface(named name: String) async throws
    /// Half-done states: a tap taken off the bridge, or set down.
    func takeOffBridge(_ tap: TapName) async throws
    func setDown(_ tap: TapName) async throws
}

/// The promises of `NodeNetwork`. Each check removes the taps it made.
package struct NodeNetworkContract<Fixture: NodeNetworkFixture>: Sendable {
    private let fixture: Fixture
    private var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a tap is made, up and on the bridge") { try await tapIsMade() },
            ContractCheck("making a tap twice changes nothing") { try await tapIsMadeOnce() },
            ContractCheck("a half-made tap is repaired") { try await halfMadeTapIsRepaired() },
            ContractCheck("removing a tap removes that one only, and can be repeated") {
                try await tapIsRemoved()
            },
            ContractCheck("taps are listed by name, many at a time") { try await tapsAreListed() },
            ContractCheck("without the bridge no tap is made") { try await missingBridgeIsRefused() },
            ContractCheck("an interface of somebody else is not touched") { try await foreignIsRefused() },
            ContractCheck("the bridge is told as it is") { try await bridgeIsTold() },
            ContractCheck("a bridge that is down is told, and takes taps all the same") { try await bridgeIsDown() },
        ]
    }

    private func tap(_ vm: Int64) -> TapName {
        TapName(farm: FarmID(bits: 0xc0de01), node: NodeID(1), vm: VMID(vm))
    }

    private func mac(_ vm: Int64) -> MACAddress { MACAddress(bits: 0x5452_0000_0000 | UInt64(vm)) }

    private func whole(_ vm: Int64) -> ObservedTap {
        ObservedTap(name: tap(vm), isUp: true, isOnBridge: true)
    }

    private func tapIsMade() async throws {
        try requireEqual(try await port.observeTaps(), [], "before")
        try await port.ensureTap(tap(1), mac: mac(1))
        try requireEqual(try await port.observeTaps(), [whole(1)], "after ensureTap")
        try await port.removeTap(tap(1))
    }

    private func tapIsMadeOnce() async throws {
        try await port.ensureTap(tap(2), mac: mac(2))
        try await port.ensureTap(tap(2), mac: mac(2))
        try requireEqual(try await port.observeTaps(), [whole(2)], "after ensureTap twice")
        try await port.removeTap(tap(2))
    }

    private func halfMadeTapIsRepaired() async throws {
        try await port.ensureTap(tap(3), mac: mac(3))
        try await fixture.takeOffBridge(tap(3))
        try requireEqual(try await port.observeTaps().map(\.isOnBridge), [false], "taken off the bridge")
        try await port.ensureTap(tap(3), mac: mac(3))
        try requireEqual(try await port.observeTaps(), [whole(3)], "repaired")
        try await fixture.setDown(tap(3))
        try requireEqual(try await port.observeTaps().map(\.isUp), [false], "set down")
        try await port.ensureTap(tap(3), mac: mac(3))
        try requireEqual(try await port.observeTaps(), [whole(3)], "repaired again")
        try await port.removeTap(tap(3))
    }

    private func tapIsRemoved() async throws {
        try await port.ensureTap(tap(4), mac: mac(4))
        try await port.ensureTap(tap(5), mac: mac(5))
        try await port.removeTap(tap(4))
        try requireEqual(try await port.observeTaps(), [whole(5)], "one of two removed")
        try await port.removeTap(tap(4))
        try await port.removeTap(tap(5))
        try await port.removeTap(tap(6))
        try requireEqual(try await port.observeTaps(), [], "all removed")
    }

    private func tapsAreListed() async throws {
        let numbers = (10..<30).map { Int64($0) }
        let port = port
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in numbers.reversed() {
                group.addTask { try await port.ensureTap(tap(number), mac: mac(number)) }
            }
            try await group.waitForAll()
        }
        try requireEqual(try await port.observeTaps(), numbers.map(whole), "made side by side")
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in numbers { group.addTask { try await port.removeTap(tap(number)) } }
            try await group.waitForAll()
        }
        try requireEqual(try await port.observeTaps(), [], "removed side by side")
    }

    private func missingBridgeIsRefused() async throws {
        try await fixture.removeBridge()
        let error = try await requireFailure(
            .rejected, .notFound, "a tap without a bridge",
            of: { () async throws(PortError) in try await port.ensureTap(tap(7), mac: mac(7)) })
        try require(
            error.description.contains(fixture.bridge.name), "the error does not name the bridge: \(error)")
        try requireEqual(try await port.observeTaps(), [], "nothing is left behind")
        try await requireFailure(
            .rejected, .notFound, "looking at a missing bridge",
            of: { () async throws(PortError) in try await port.observeBridge() })
        try await fixture.restoreBridge()
        try await port.ensureTap(tap(7), mac: mac(7))
        try requireEqual(try await port.observeTaps(), [whole(7)], "the bridge is back")
        try await port.removeTap(tap(7))
    }

    private func foreignIsRefused() async throws {
        let name = tap(8).text
        try await fixture.makeForeignInterface(named: name)
        let error = try await requireFailure(
            .rejected, .alreadyExists, "a tap with the name of another interface",
            of: { () async throws(PortError) in try await port.ensureTap(tap(8), mac: mac(8)) })
        try require(error.description.contains(name), "the error does not name the interface: \(error)")
        try await requireFailure(
            .rejected, .alreadyExists, "removing an interface that is no tap",
            of: { () async throws(PortError) in try await port.removeTap(tap(8)) })
        try requireEqual(try await port.observeTaps(), [], "what is no tap is not listed")
        try require(try await fixture.foreignInterfaceExists(named: name), "the foreign interface was removed")
        try await fixture.removeForeignInterface(named: name)
    }

    private func bridgeIsDown() async throws {
        try await port.ensureTap(tap(9), mac: mac(9))
        try await fixture.setBridge(isUp: false)
        var down = fixture.bridge
        down.isUp = false
        try requireEqual(try await port.observeBridge(), down, "the bridge that was set down")
        try requireEqual(try await port.observeTaps(), [whole(9)], "a tap on the bridge that was set down")
        try await port.ensureTap(tap(10), mac: mac(10))
        try await fixture.setBridge(isUp: true)
        try requireEqual(try await port.observeBridge(), fixture.bridge, "the bridge that is up again")
        try requireEqual(try await port.observeTaps(), [whole(9), whole(10)], "the taps on it")
        for vm: Int64 in [9, 10] { try await port.removeTap(tap(vm)) }
    }

    private func bridgeIsTold() async throws {
        try requireEqual(try await port.observeBridge(), fixture.bridge, "the bridge")
    }
}

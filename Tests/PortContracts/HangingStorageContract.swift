import FarmModel
package import FarmPorts

/// What the suite about storage that stops answering needs around the port.
package protocol HangingStorageFixture: Sendable {
    associatedtype Port: DiskStorage

    /// Gives a call up well within `patience`.
    var port: Port { get }
    var clock: any FarmClock { get }
    var patience: Duration { get }

    /// From now on whoever writes to the storage waits, until `comeLoose`.
    func hang() async throws
    func comeLoose() async throws
}

/// What `DiskStorage` promises of storage that hangs: a call is given up, cannot be stopped, and is perhaps carried out
/// later; so nothing overtakes it, and only so many may hang at once.
package struct HangingStorageContract<Fixture: HangingStorageFixture>: Sendable {
    /// How many calls may hang at once.
    private static var hangingMax: Int64 { 16 }

    private let fixture: Fixture

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a call that hangs is given up, and nothing about its VM overtakes it") {
                try await nothingOvertakes()
            },
            ContractCheck("when many hang none is let in, until they come loose") { try await onlySoMany() },
        ]
    }

    private func make(_ vm: Int64) async throws(PortError) {
        _ = try await fixture.port.ensureUserDisk(of: VMID(vm), size: Mebibytes(1))
    }

    /// What hung may take a while to be over.
    private func makesAgain(_ vm: Int64) async throws {
        try await eventually("a disk of VM \(vm) made", on: fixture.clock, within: fixture.patience) {
            do throws(PortError) {
                try await make(vm)
                return true
            } catch {
                try requireEqual(error.effect, .unreachable, "why VM \(vm) gets no disk yet (\(error))")
                return false
            }
        }
    }

    private func nothingOvertakes() async throws {
        try await make(1)
        try await fixture.hang()
        let begun = fixture.clock.now
        try await requireFailure(.outcomeUnknown, .timedOut, "a user disk on storage that hangs") {
            () async throws(PortError) in try await make(2)
        }
        try require(begun.duration(to: fixture.clock.now) < fixture.patience, "it was not given up in time")
        try await requireFailure(.unreachable, .busy, "a call behind one that hangs") {
            () async throws(PortError) in try await fixture.port.deleteUserDisk(of: VMID(2))
        }
        try await requireFailure(.outcomeUnknown, .timedOut, "a call about another VM") {
            () async throws(PortError) in try await make(3)
        }
        try await fixture.comeLoose()
        for vm: Int64 in 1...3 { try await makesAgain(vm) }
        try requireEqual(try await fixture.port.observe().map(\.vm), (1...3).map { VMID($0) }, "the disks in the end")
        for vm: Int64 in 1...3 { try await fixture.port.deleteUserDisk(of: VMID(vm)) }
    }

    private func onlySoMany() async throws {
        try await fixture.hang()
        let reasons = await withTaskGroup(of: PortError.Reason?.self) { group in
            for vm in 1...Self.hangingMax {
                group.addTask {
                    do throws(PortError) {
                        try await make(vm)
                        return nil
                    } catch {
                        return error.reason
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        try requireEqual(reasons, reasons.map { _ in .timedOut }, "calls on storage that hangs")
        let last = Self.hangingMax + 1
        try await requireFailure(.unreachable, .limit, "one more call") {
            () async throws(PortError) in try await make(last)
        }
        try await fixture.comeLoose()
        for vm in 1...last { try await makesAgain(vm) }
        for vm in 1...last { try await fixture.port.deleteUserDisk(of: VMID(vm)) }
    }
}

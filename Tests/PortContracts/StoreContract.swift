package import FarmModel
package import FarmPorts

/// What every store of a farm must do, whatever keeps its rows. Each case gets a new farm of `plan` with nothing but
/// the tenant `default`, and throws a `StoreContractFailure` where the store does otherwise.
package enum StoreContract {
    package typealias Store = NodeRecords & NodeStandings & Desktops & SessionClaims & Sessions & AdministrationCommands
        & FarmLists & FarmDetails & DiskDeletionRecords & StoreChanges
    package typealias Case = (name: String, check: @Sendable (any Store) async throws -> Void)

    package static let farm = FarmID(bits: 0xabc123)
    /// Nodes 10.3.0.1 to .7, VMs .8 to .14, gateway .9.
    package static let addressPlan = try! AddressPlan(
        network: IPv4Address("10.3.0.0")!, prefixLength: 28, rangeStart: IPv4Address("10.3.0.8")!,
        gateway: IPv4Address("10.3.0.9")!)

    package static let cases: [Case] =
        people + images + machines + assignments + withdrawals + placements + sessions + records + requests + lists
        + deletions + feed
}

/// Where a store broke its contract.
package struct StoreContractFailure: Error, CustomStringConvertible {
    package let message: String
    package let file: StaticString
    package let line: UInt
    package var description: String { "\(file):\(line): \(message)" }
}

func expect(
    _ condition: Bool, _ message: @autoclosure () -> String, file: StaticString = #fileID, line: UInt = #line
) throws {
    if !condition { throw StoreContractFailure(message: message(), file: file, line: line) }
}

func expectEqual<Value: Equatable>(
    _ found: Value, _ expected: Value, _ what: String = "", file: StaticString = #fileID, line: UInt = #line
) throws {
    try expect(found == expected, "\(what) is \(found), not \(expected)", file: file, line: line)
}

/// The store must refuse with this reason, name these words, and change nothing.
func expectRefusal(
    _ store: any StoreContract.Store, _ command: AdministrationCommand, _ reason: AdministrationRefusal.Reason,
    naming words: [String] = [], file: StaticString = #fileID, line: UInt = #line
) async throws {
    let before = try await store.snapshot()
    switch try await store.apply(command, by: "test", at: WallTime(seconds: 5)) {
    case .success(let result):
        throw StoreContractFailure(message: "\(command) gave \(result), not a refusal", file: file, line: line)
    case .failure(let refusal):
        try expectEqual(refusal.reason, reason, "the reason of `\(refusal.message)`", file: file, line: line)
        for word in words {
            try expect("\(refusal)".contains(word), "`\(refusal)` does not say `\(word)`", file: file, line: line)
        }
        // A command line, a page and a log each say it in their own way.
        try expect(!refusal.message.contains("`qvd"), "`\(refusal.message)` has a command", file: file, line: line)
    }
    try await expectEqual(try store.snapshot(), before, "the farm after a refusal", file: file, line: line)
}

/// The call must throw a port error with this reason.
func expectError(
    _ reason: PortError.Reason, file: StaticString = #fileID, line: UInt = #line,
    _ call: () async throws(PortError) -> Void
) async throws {
    do {
        try await call()
    } catch {
        try expectEqual(error.reason, reason, "the reason of `\(error)`", file: file, line: line)
        try expectEqual(error.effect, .rejected, "the effect of `\(error)`", file: file, line: line)
        return
    }
    throw StoreContractFailure(message: "no error, but \(reason) was due", file: file, line: line)
}

extension AdministrationCommands {
    /// Carries out a command that must succeed.
    func perform(
        _ command: AdministrationCommand, by actor: Actor = "test", file: StaticString = #fileID, line: UInt = #line
    ) async throws -> AdministrationResult {
        switch try await apply(command, by: actor, at: WallTime(seconds: 5)) {
        case .success(let result): return result
        case .failure(let refusal):
            throw StoreContractFailure(message: "refused \(command): \(refusal)", file: file, line: line)
        }
    }

    /// Carries out a command that must make something, and gives its number.
    func number(
        _ command: AdministrationCommand, file: StaticString = #fileID, line: UInt = #line
    ) async throws -> Int64 {
        switch try await perform(command, file: file, line: line) {
        case .tenant(let id): return id.rawValue
        case .user(let id): return id.rawValue
        case .osf(let id): return id.rawValue
        case .image(let id): return id.rawValue
        case .node(let id): return id.rawValue
        case .vm(let id): return id.rawValue
        case .done, .placed: throw StoreContractFailure(message: "\(command) made nothing", file: file, line: line)
        }
    }

}

extension FarmDetails {
    func vm(_ id: VMID) async throws -> VirtualMachine {
        guard let vm = try await snapshot().vms.first(where: { $0.id == id }) else {
            throw StoreContractFailure(message: "VM \(id) is missing", file: #fileID, line: #line)
        }
        return vm
    }
}

/// A small farm in a store: one user with one VM of an OSF with one image, one running node.
struct ExampleFarm {
    static let hash = "$test$hash"
    /// Of the OSF.
    static let need = Resources(memory: Mebibytes(256), cpus: 3)
    let tenant = TenantID(1)
    let user: UserID
    let osf: OSFID
    let image: ImageID
    let node: NodeID
    let vm: VMID

    init(in store: any StoreContract.Store) async throws {
        user = UserID(try await store.number(.addUser(tenant: tenant, login: "alice", passwordHash: Self.hash)))
        osf = OSFID(
            try await store.number(
                .addOSF(
                    tenant: tenant, name: "Office", memory: Self.need.memory, cpus: Self.need.cpus,
                    userDiskSize: Mebibytes(64),
                    keepsOverlay: false)))
        image = ImageID(
            try await store.number(.addImage(osf: osf, file: "office-1", version: nil, day: "2026-03-01")))
        node = NodeID(
            try await store.number(.addNode(name: "node1", address: IPv4Address("10.3.0.2")!)))
        vm = VMID(
            try await store.number(.addVM(name: "desk", user: user, osf: osf, tag: "default", address: nil)))
        try await store.reportState(of: node, .running, at: WallTime(seconds: 6))
    }
}

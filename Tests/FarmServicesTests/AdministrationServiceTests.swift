import FarmControl
import FarmModel
import FarmPorts
import FarmRules
import FarmServices
import FarmStore
import SimulatedPorts
import Simulator
import XCTest

/// The administration service on the simulated store, with its faults and latencies in between.
final class AdministrationServiceTests: XCTestCase {
    /// The bench's farm with VMs 1 and 2 of alice and 3 of bob, and a tenant `acme` with a user and a VM `vm1`.
    private func bench() throws -> FarmBench {
        let bench = try FarmBench(vms: 3)
        for command in [
            AdministrationCommand.addTenant(name: "acme"),
            .addUser(tenant: TenantID(2), login: "alice", passwordHash: "$h"),
            .addOSF(
                tenant: TenantID(2), name: "desktop", memory: Mebibytes(64), userDiskSize: Mebibytes(0),
                keepsOverlay: false),
            .addVM(name: "vm1", user: UserID(3), osf: OSFID(2), tag: "default", address: nil),
        ] { try bench.apply(command) }
        return bench
    }

    private let root = Actor.console(name: "root")
    private let eve = Actor.administrator(name: "eve", tenant: TenantID(2), rights: Set(Right.allCases))

    /// What the body gives, run in a process of its own with the service.
    private func ask<Value: Sendable>(
        _ bench: FarmBench, as actor: Actor, line: UInt = #line,
        _ body: @escaping @Sendable (Administration) async throws -> Value
    ) throws -> Value {
        let life = bench.simulation.begin(named: "admin")
        let ports = PortSet(host: bench.host, incarnation: life)
        let service = Administration(
            ports: AdministrationPorts(
                store: StoreConnection(store: bench.store, gate: ports.gate), clock: ports.clock, random: ports.random),
            actor: actor)
        let answer = Confined<Result<Value, any Error>?>(nil)
        life.start {
            do { answer.value = .success(try await body(service)) } catch { answer.value = .failure(error) }
        }
        XCTAssert(bench.pass(upTo: .seconds(60)) { answer.value != nil }, "no answer", line: line)
        return try XCTUnwrap(answer.value, line: line).get()
    }

    private func refusal<Value: Sendable>(
        _ bench: FarmBench, as actor: Actor, line: UInt = #line,
        _ body: @escaping @Sendable (Administration) async throws -> Value
    ) throws -> AdministrationRefusal {
        do {
            let value = try ask(bench, as: actor, line: line, body)
            XCTFail("no refusal but \(value)", line: line)
        } catch let refusal as AdministrationRefusal {
            return refusal
        }
        throw CancellationError()
    }

    func testObjectsAreFoundByWhatPeopleCallThem() throws {
        let bench = try bench()
        defer { bench.end() }
        XCTAssertEqual(try ask(bench, as: root) { try await $0.vm("vm2").vm.id }, VMID(2))
        XCTAssertEqual(try ask(bench, as: root) { try await $0.vm("id:4").tenant }, "acme")
        XCTAssertEqual(try ask(bench, as: root) { try await $0.user("alice@acme").user.id }, UserID(3))
        XCTAssertEqual(try ask(bench, as: root) { try await $0.image("desktop:head").image.id }, ImageID(1))
        let missing = try refusal(bench, as: root) { try await $0.vm("nothere") }
        XCTAssertEqual(missing.reason, .notFound)
        XCTAssertEqual(missing.remedies, [.list(.vm)])
        let two = try refusal(bench, as: root) { try await $0.vm("vm1") }
        XCTAssertEqual(two.reason, .ambiguous)
        XCTAssertEqual(two.remedies, [.choose([.vm(VMID(1)), .vm(VMID(4))])])
    }

    func testAnAdministratorOfATenantSeesNothingElse() throws {
        let bench = try bench()
        defer { bench.end() }
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.vm("vm1").vm.id }, VMID(4))
        XCTAssertEqual(try refusal(bench, as: eve) { try await $0.vm("vm2") }.reason, .notFound)
        XCTAssertEqual(try refusal(bench, as: eve) { try await $0.vm("id:2") }.reason, .notFound)
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.vms().map(\.vm.id) }, [VMID(4)])
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.users().map(\.user.id) }, [UserID(3)])
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.tenants().map(\.tenant.name) }, ["acme"])
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.osfs().map(\.osf.id) }, [OSFID(2)])
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.images().count }, 0)
        XCTAssertEqual(
            try ask(bench, as: eve) { try await $0.vms(VMFilter(tenant: TenantID(1)), ListPage()).count }, 0)
        XCTAssertEqual(
            try ask(bench, as: eve) { try await $0.tenants(TenantFilter(id: TenantID(1)), ListPage()).count }, 0)
        for look: @Sendable (Administration) async throws -> Int in [
            { try await $0.nodes().count }, { try await $0.audit(limit: 5).count },
            { try await $0.configuration().count }, { try await $0.counts().vms },
            { try await $0.propertyListings().count }, { try await $0.abandonedDomains(on: FarmBench.node).count },
        ] { XCTAssertEqual(try refusal(bench, as: eve, look).reason, .notAllowed) }
        let user = Actor.user(UserID(1), name: LoginName("alice")!)
        XCTAssertEqual(try refusal(bench, as: user) { try await $0.vms().count }.reason, .notAllowed)
        XCTAssertEqual(
            try refusal(bench, as: eve) { try await $0.apply(.deleteVM(VMID(2))) }.reason, .notAllowed)
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.apply(.deleteVM(VMID(4))) }, .done)
    }

    func testListsGoOnPageAfterPage() throws {
        let bench = try FarmBench(vms: 5)
        defer { bench.end() }
        let seen = try ask(bench, as: root) { farm in
            var seen: [VMID] = []
            var page = ListPage(limit: 2)
            while let last = try await farm.vms(VMFilter(), page).map(\.vm.id).last {
                seen.append(last)
                page.after = last.rawValue
            }
            return seen
        }
        XCTAssertEqual(seen, [VMID(2), VMID(4), VMID(5)])
        XCTAssertEqual(try ask(bench, as: root) { try await $0.vms().count }, 5)
    }

    /// The answer is lost after the command was carried out: sent again under its name, it is not done twice.
    func testACommandWhoseAnswerIsLostIsDoneOnce() throws {
        let bench = try bench()
        defer { bench.end() }
        let lost = Fault(
            at: 0, aim: FaultAim(call: .storeWrite, first: 1), .failing(.store, .lostAnswer, perMille: 1000))
        bench.simulation.withFaults { $0.begin(lost, index: 0) }
        XCTAssertEqual(try ask(bench, as: root) { try await $0.apply(.addTenant(name: "new")) }, .tenant(TenantID(3)))
        XCTAssertEqual(bench.store.ledger.tenants().map(\.name), ["default", "acme", "new"])
        XCTAssertEqual(bench.store.ledger.audit(limit: 2).filter { $0.action.contains("`new`") }.count, 1)
    }

    func testTheSameRequestIsAnsweredAlikeAndAnotherIsNew() throws {
        let bench = try bench()
        defer { bench.end() }
        let request = RequestID("button-1")
        for _ in 1...2 {
            let made = try ask(bench, as: root) { try await $0.apply(.addTenant(name: "new"), request: request) }
            XCTAssertEqual(made, .tenant(TenantID(3)))
        }
        XCTAssertEqual(
            try refusal(bench, as: root) { try await $0.apply(.addTenant(name: "new")) }.reason, .alreadyExists)
    }

    func testAVMStartsWhereItCanOrItIsSaidWhyNot() throws {
        let bench = try bench()
        defer { bench.end() }
        let stopped = try refusal(bench, as: root) { try await $0.start("vm2", on: nil) }
        XCTAssertEqual(stopped.reason, .noNode)
        XCTAssertEqual(stopped.remedies, [.startNode(FarmBench.node)])
        XCTAssertTrue(stopped.message.contains("node1 is stopped"), stopped.message)
        bench.startKeeper()
        XCTAssert(bench.pass(upTo: .seconds(30)) { bench.nodeState == .running })
        let start = try ask(bench, as: root) { try await $0.start("vm2", on: nil) }
        XCTAssertEqual([start.node, "\(start.vm.id)", "\(start.wasWanted)"], ["node1", "2", "false"])
        XCTAssert(try ask(bench, as: root) { try await $0.start("vm2", on: nil) }.wasWanted)
        // Also by somebody who sees no nodes.
        XCTAssertEqual(try ask(bench, as: eve) { try await $0.start("vm1", on: nil) }.node, "node1")
        try bench.apply(.setNode(FarmBench.node, isBlocked: true))
        let blocked = try refusal(bench, as: root) { try await $0.start("vm3", on: nil) }
        XCTAssertEqual(blocked.remedies, [.unblock(.node(FarmBench.node))])
    }

    func testItIsSaidWhatCameOfTheWishToDeleteADisk() throws {
        let bench = try bench()
        defer { bench.end() }
        bench.host.change {
            $0.disks.userDisks[VMID(2)] = HostDisks.UserDisk(size: Mebibytes(8), generation: 1, writes: 0)
        }
        let disk = UserDiskID(vm: VMID(2), storage: .standard)
        let wait: @Sendable (Administration) async throws -> Administration.Deletion = {
            try await $0.awaitDeletion(of: disk, atMost: .seconds(5))
        }
        try bench.apply(.deleteVM(VMID(2), deletesUserDisk: true))
        let before = bench.simulation.now
        XCTAssertEqual(try ask(bench, as: root, wait), .open)
        XCTAssertLessThan(bench.simulation.now - before, 1_000_000_000, "no node runs that could do it")
        XCTAssertEqual(try ask(bench, as: root) { try await $0.diskDeletions().map(\.disk) }, [disk])
        XCTAssertEqual(try refusal(bench, as: eve) { try await $0.diskDeletions() }.reason, .notAllowed)

        bench.fault(.call(.failing(.disks, .rejected, perMille: 1000)))
        bench.startKeeper()
        XCTAssert(bench.pass(upTo: .seconds(30)) { bench.nodeState == .running })
        guard case .hindered(let words) = try ask(bench, as: root, wait) else { return XCTFail("nothing is said") }
        XCTAssert(words.contains("deleting the user disk of VM 2"), words)
        bench.simulation.withFaults { $0.endAll() }
        XCTAssert(bench.pass(upTo: .seconds(90)) { bench.store.look { $0.diskDeletions().isEmpty } })
        XCTAssertEqual(try ask(bench, as: root, wait), .done)
        XCTAssertNil(bench.host.state.disks.userDisks[VMID(2)])
    }

    func testAVMIsExplainedFromWhatBelongsToIt() throws {
        let bench = try bench()
        defer { bench.end() }
        let reasons = try ask(bench, as: root) { try await $0.explain("vm3") }
        let whole = Explanation.of(
            VMID(3), in: try bench.store.ledger.snapshot(), at: WallTime(seconds: SimulatedClock.wallTimeAtStart))
        XCTAssertEqual(reasons, whole)
        XCTAssertEqual(try refusal(bench, as: root) { try await $0.explain("gone") }.reason, .notFound)
    }
}

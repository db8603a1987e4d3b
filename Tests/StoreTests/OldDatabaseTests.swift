import FarmModel
import FarmPorts
import FarmStore
import Foundation
import Goldens
import SQLiteStore
import PortContracts
import XCTest

/// Databases that earlier versions made (fixtures/compatibility/farm-schema-*.db) open with this one, upgraded where
/// they are older, and lose nothing.
final class OldDatabaseTests: XCTestCase {
    private let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "fixtures/compatibility")

    private func names() throws -> [String] {
        let names = try FileManager.default.contentsOfDirectory(atPath: fixtures.path).filter { $0.hasSuffix(".db") }
        XCTAssertGreaterThan(names.count, 0)
        return names.sorted().map { String($0.dropLast(3)) }
    }

    /// A copy, upgraded: the file in the fixtures is never written to.
    private func open(_ name: String, in folder: TemporaryFolder) async throws -> SQLiteStore {
        let copy = folder.path("\(name).db")
        try FileManager.default.copyItem(at: fixtures.appending(path: "\(name).db"), to: URL(filePath: copy))
        _ = try await SQLiteStore.upgrade(at: copy)
        return try await SQLiteStore.open(at: copy)
    }

    func testEveryRowOfAnOldDatabaseIsThere() async throws {
        for name in try names() {
            let folder = try TemporaryFolder()
            let store = try await open(name, in: folder)
            let found = try await Self.rows(of: store)
            let kept = KeptLines("compatibility/\(name).rows.txt")
            XCTAssertEqual(try kept.missing(from: found), [], "\(name): these rows are gone or differ")
            XCTAssertEqual(Set(found).subtracting(try kept.lines()), [], "\(name): rows that nobody wrote")
            let findings = try await store.examine()
            XCTAssertEqual(findings, [], name)
            await store.close()
        }
    }

    func testAnOldDatabaseGoesOnWithItsOwnNumbers() async throws {
        for name in try names() {
            let folder = try TemporaryFolder()
            let store = try await open(name, in: folder)
            let before = try await store.snapshot()
            XCTAssertEqual(Set(before.vms.map(\.storage)), [.standard], "\(name): there was one storage")
            let now = WallTime(seconds: 1_767_700_000)
            let tenant = try await store.apply(.addTenant(name: "later"), by: "test", at: now).get()
            XCTAssertEqual(tenant, .tenant(TenantID(4)), name)
            // VM 10 was deleted: its number is never given again.
            let vm = try await store.apply(
                .addVM(name: "later", user: UserID(1), osf: OSFID(1), tag: "default", address: nil), by: "test", at: now
            ).get()
            XCTAssertEqual(vm, .vm(VMID(11)), name)
            let after = try await store.snapshot()
            XCTAssertEqual(after.vms.dropLast().map { $0 }, before.vms, name)
            await store.close()
        }
    }

    // MARK: Rows as lines

    /// Field by field, so that a field that is new in this version changes no line.
    private static func rows(of store: SQLiteStore) async throws -> [String] {
        let farm = try await store.snapshot()
        let addressPlan = farm.addressPlan
        var lines = [
            "farm \(farm.farm) network \(addressPlan.network)/\(addressPlan.prefixLength)"
                + " from \(addressPlan.rangeStart)"
                + " gateway \(text(addressPlan.gateway?.description))"
        ]
        lines += farm.tenants.map { "tenant \($0.id) \(text($0.name)) blocked \($0.isBlocked)" }
        for user in farm.users {
            let tenant = farm.tenants.first { $0.id == user.tenant }?.name ?? "?"
            let account = try await store.account(LoginName("\(user.login)@\(tenant)")!)
            lines.append(
                "user \(user.id) of tenant \(user.tenant) \(text(user.login)) blocked \(user.isBlocked)"
                    + " hash \(text(account?.passwordHash))")
        }
        lines += farm.osfs.map {
            "osf \($0.id) of tenant \($0.tenant) \(text($0.name)) memory \($0.memory.count)"
                + " disk \($0.userDiskSize.count) keeps overlay \($0.keepsOverlay)"
        }
        lines += farm.images.map {
            "image \($0.id) of osf \($0.osf) \(text($0.file)) version \(text($0.version)) tags \($0.tags)"
                + " blocked \($0.isBlocked)"
        }
        for node in farm.nodes {
            let abandoned = try await store.abandonedDomains(on: node.id).map(\.description)
            lines.append(
                "node \(node.id) \(text(node.name)) at \(node.address) blocked \(node.isBlocked)"
                    + " \(node.state.rawValue) since \(node.stateSince.seconds) abandoned \(abandoned)")
        }
        for vm in farm.vms { lines += self.lines(vm, secret: try await store.desktop(vm.id)?.secret?.text) }
        lines += farm.sessions.map {
            "session of vm \($0.vm) token \($0.token) \($0.state.rawValue) from \(text($0.peer))"
                + " since \($0.since.seconds) wanted \($0.isTakeOverRequested)"
        }
        for (owner, properties) in farm.properties {
            lines += properties.map { "property of \(text(owner)) \(text($0.key)) \(text($0.value))" }
        }
        lines += farm.configuration.map { "configuration \(text($0.key)) \(text($0.value))" }
        lines += try await store.audit(limit: 1000).map {
            "audit \($0.at.seconds) \(text($0.actor)) \(text($0.action)) \(text($0.outcome))"
        }
        return lines.sorted()
    }

    private static func lines(_ vm: VirtualMachine, secret: String?) -> [String] {
        let (intent, seen) = (vm.intent, vm.observation)
        return [
            "vm \(vm.id) \(text(vm.name)) of user \(vm.user) osf \(vm.osf) tag \(text(vm.tag)) at \(vm.address)"
                + " mac \(vm.mac) blocked \(vm.isBlocked) secret \(text(secret))",
            "vm \(vm.id) wanted \(intent.wanted.rawValue) on node \(text(intent.node?.description))"
                + " epoch \(intent.epoch.number) request \(intent.request) by \(text(intent.requestedBy))",
            "vm \(vm.id) is \(seen.state.rawValue) since \(seen.since.seconds) detail \(text(seen.detail))"
                + " error \(text(seen.lastError)) image \(text(seen.image?.description))",
        ]
    }

    /// Quoted, on one line.
    private static func text(_ text: String?) -> String { text?.debugDescription ?? "none" }

    private static func text(_ owner: PropertyOwner) -> String {
        switch owner {
        case .osf(let id): "osf \(id)"
        case .image(let id): "image \(id)"
        case .user(let id): "user \(id)"
        case .vm(let id): "vm \(id)"
        case .node(let id): "node \(id)"
        }
    }
}

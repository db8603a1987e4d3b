import FarmRules
import FarmModel
import FarmPorts
import FarmStore
import Foundation
import PortContracts
import SQLRecords
import XCTest

@testable import SQLiteStore

/// What lies on the disk: making, opening, refusing, upgrading a database file.
final class SQLiteFileTests: XCTestCase {
    private func make(_ path: String) async throws -> SQLiteStore {
        try await SQLiteStore.create(at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
    }

    /// The error of opening the file.
    private func refusal(_ path: String) async throws -> PortError {
        do {
            let store = try await SQLiteStore.open(at: path)
            await store.close()
            throw StoreContractFailureForTests("\(path) opened")
        } catch let error as PortError {
            return error
        }
    }

    func testADatabaseIsMadeForOwnerAndGroupAndOpensAgain() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("new/farm.db")
        let store = try await make(path)
        _ = try await store.apply(.addTenant(name: "acme"), by: "test", at: WallTime(seconds: 1))
        let before = try await store.snapshot()
        await store.close()
        let attributes = try FileManager.default.attributesOfItem(atPath: path)
        XCTAssertEqual(attributes[.posixPermissions] as? Int, 0o660)
        let above = try FileManager.default.attributesOfItem(atPath: folder.path("new"))
        XCTAssertEqual(try XCTUnwrap(above[.posixPermissions] as? Int) & 0o777, 0o770)
        let again = try await SQLiteStore.open(at: path)
        let after = try await again.snapshot()
        XCTAssertEqual(after, before)
        await again.close()
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path("new")), ["farm.db"])
    }

    /// A daemon that is told to end writes its last word from a task that is cancelled already.
    func testAnOperationOfACancelledTaskIsCarriedOut() async throws {
        let folder = try TemporaryFolder()
        let store = try await make(folder.path("farm.db"))
        let goodbye = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            _ = try await store.apply(.addTenant(name: "acme"), by: "test", at: WallTime(seconds: 1))
        }
        try await goodbye.value
        let tenants = try await store.snapshot().tenants
        XCTAssertEqual(tenants.map(\.name), ["default", "acme"])
        await store.close()
    }

    func testAFileThatExistsIsNeverReplaced() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path))
        do {
            _ = try await make(path)
            XCTFail("replaced the file")
        } catch {
            XCTAssertEqual((error as? PortError)?.reason, .alreadyExists)
        }
        XCTAssertEqual(try String(contentsOfFile: path, encoding: .utf8), "precious")
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.url.path), ["farm.db"])
    }

    func testAMissingFileIsRefusedAndNotMade() async throws {
        let folder = try TemporaryFolder()
        let error = try await refusal(folder.path("farm.db"))
        XCTAssertEqual(error.reason, .notFound)
        XCTAssertTrue(error.description.contains("qvd init"), error.description)
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.url.path), [])
        do {
            _ = try await make(folder.path("no/such/folder/farm.db"))
            XCTFail("made a database in a folder that is not")
        } catch {
            XCTAssertEqual((error as? PortError)?.reason, .notFound)
        }
    }

    func testWhatIsNoFarmIsRefusedAsItIs() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        for content in [Data(repeating: 0x41, count: 8192), Data()] {
            try content.write(to: URL(fileURLWithPath: path))
            let error = try await refusal(path)
            XCTAssertEqual(error.reason, .corrupt, error.description)
            XCTAssertTrue(error.description.contains(path), error.description)
            XCTAssertEqual(try Data(contentsOf: URL(fileURLWithPath: path)), content)
        }
    }

    func testADamagedFileIsReportedAndNeverAnswersWrongly() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        let store = try await make(path)
        for number in 1...200 {
            _ = try await store.apply(.addTenant(name: "tenant-\(number)"), by: "test", at: WallTime(seconds: 1))
        }
        let whole = try await store.snapshot()
        await store.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        XCTAssertGreaterThan(bytes.count, 20_000)
        // All but the first page, which tells what the file is.
        for index in 4096..<bytes.count { bytes[index] = 0xff }
        try bytes.write(to: URL(fileURLWithPath: path))
        do {
            let damaged = try await SQLiteStore.open(at: path)
            let findings = try await damaged.examine()
            XCTAssertNotEqual(findings, [])
            let read = try await damaged.snapshot()
            XCTAssertEqual(read, whole, "read something else without an error")
        } catch {
            let error: PortError = error
            XCTAssertEqual(error.reason, .corrupt, error.description)
            XCTAssertTrue(error.description.contains("backup"), error.description)
        }
    }

    func testASchemaNewerThanThisProgramIsRefused() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        await (try make(path)).close()
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        try connection.run("INSERT INTO schema_migrations (number) VALUES (99)")
        let error = try await refusal(path)
        XCTAssertEqual(error.reason, .invalid)
        XCTAssertTrue(error.description.contains("schema 99"), error.description)
        do {
            _ = try await SQLiteStore.upgrade(at: path)
            XCTFail("upgraded an unknown schema")
        } catch {
            XCTAssertEqual(error.reason, .invalid)
        }
    }

    func testEachEarlierSchemaIsUpgradedAndKeepsItsRows() async throws {
        let folder = try TemporaryFolder()
        let newest = Schema.migrations.count
        let later = [
            Migration(
                number: newest + 1, statements: ["ALTER TABLE tenants ADD COLUMN note TEXT NOT NULL DEFAULT ''"]),
            Migration(
                number: newest + 2,
                statements: ["CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT", "INSERT INTO extra VALUES (7)"]),
        ]
        let all = Migrator(migrations: Schema.migrations + later)
        for number in newest...newest + 1 {
            let path = folder.path("schema-\(number).db")
            let old = Migrator(migrations: Array(all.migrations.prefix(number)))
            let store = try await SQLiteStore.create(
                at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan, access: DatabaseAccess(),
                migrator: old)
            let before = try await store.snapshot()
            await store.close()
            do {
                _ = try await SQLiteStore.open(at: path, migrator: all)
                XCTFail("opened schema \(number) as \(newest + 2)")
            } catch {
                XCTAssertTrue("\(error)".contains("qvd upgrade"), "\(error)")
            }
            let ran = try await SQLiteStore.upgrade(at: path, migrator: all)
            XCTAssertEqual(ran, Array((number + 1)...(newest + 2)))
            let second = try await SQLiteStore.upgrade(at: path, migrator: all)
            XCTAssertEqual(second, [])
            let upgraded = try await SQLiteStore.open(at: path, migrator: all)
            let after = try await upgraded.snapshot()
            XCTAssertEqual(after, before)
        }
    }

    /// Schema 1 kept intent and observation in the VM's own row. An assignment of that time counts as begun.
    func testTheSecondSchemaKeepsWhatTheFirstKnewOfVMs() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        let old = Migrator(migrations: Array(Schema.migrations.prefix(1)))
        try DatabaseFile.create(
            at: path, identity: FarmIdentity(farm: StoreContract.farm, addressPlan: StoreContract.addressPlan),
            access: DatabaseAccess(), migrator: old)
        do {
            let connection = try SQLiteConnection(path: path, busyTimeout: 100)
            for statement in [
                "INSERT INTO users VALUES (4, 1, 'ann', 0)", "INSERT INTO osfs VALUES (2, 1, 'desk', 64, 0, 0)",
                "INSERT INTO nodes VALUES (3, 'n', '10.3.0.2', 0, 'running', 5)",
                "INSERT INTO vms VALUES (5, 'runs', 4, 2, 'head', '10.3.0.14', 1, 'run', 3, 7, 2, 'ann', 'running', 9,"
                    + " '', NULL, 6)",
                "INSERT INTO vms VALUES (6, 'failed', 4, 2, 'head', '10.3.0.13', 0, 'stop', NULL, 2, 3, 'node',"
                    + " 'stopped', 8, '', 'no disk', NULL)",
                "INSERT INTO vm_secrets VALUES (5, 'abc')",
                "INSERT INTO sessions VALUES (5, 'r1', 3, 'connected', '192.0.2.1', 10, 0)",
            ] { try connection.run(statement) }
        }
        _ = try await SQLiteStore.upgrade(at: path)
        let store = try await SQLiteStore.open(at: path)
        let vms = try await store.snapshot().vms
        XCTAssertEqual(vms.map(\.name), ["runs", "failed"])
        XCTAssertEqual(vms.map(\.isBlocked), [true, false])
        XCTAssertEqual(
            vms.map(\.intent),
            [
                Intent(
                    wanted: .run, node: NodeID(3), epoch: Epoch(7), hasBegun: true,
                    reserved: Resources(memory: Mebibytes(64), cpus: 2), request: 2, requestedBy: "ann"),
                Intent(wanted: .stop, epoch: Epoch(2), request: 3, requestedBy: "node"),
            ])
        XCTAssertEqual(
            vms.map(\.observation),
            [
                Observation(state: .running, since: WallTime(seconds: 9), image: ImageID(6)),
                Observation(state: .stopped, since: WallTime(seconds: 8), lastError: "no disk"),
            ])
        let desktop = try await store.desktop(VMID(5))
        XCTAssertEqual(desktop?.secret, AgentSecret("abc"))
        XCTAssertEqual(desktop?.session?.peer, "192.0.2.1")
        // A daemon that is started on it and finds the guest goes on with the secret that the guest has.
        let wanted = try await store.desiredState(of: NodeID(3), about: [])
        XCTAssertEqual(wanted.assignments.map(\.secret), [AgentSecret("abc")])
        // One that finds nothing live begins the assignment anew.
        let epoch = try await store.begin(VMID(5), by: NodeID(3), epoch: Epoch(7), secret: AgentSecret("new"))
        XCTAssertEqual(epoch, Epoch(8))
    }

    /// Sessions of schema 1 say nothing of their router's place: they stay, and whichever router starts may end them.
    func testSessionsOfTheFirstSchemaAreKept() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        let first = Migrator(migrations: Array(Schema.migrations.prefix(1)))
        try await SQLiteStore.create(
            at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan, access: DatabaseAccess(),
            migrator: first
        ).close()
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        for statement in [
            "INSERT INTO users VALUES (1, 1, 'alice', 0)", "INSERT INTO osfs VALUES (1, 1, 'Office', 256, 0, 0)",
            "INSERT INTO vms VALUES (1, 'desk', 1, 1, 'head', '10.3.0.10', 0, 'stop', NULL, 0, 0, '', 'stopped', 0,"
                + " '', NULL, NULL)",
            "INSERT INTO sessions VALUES (1, 'old', 7, 'connected', '10.9.9.9', 5, 1)",
        ] { try connection.run(statement) }
        _ = try await SQLiteStore.upgrade(at: path)
        let store = try await SQLiteStore.open(at: path)
        let sessions = try await store.snapshot().sessions
        XCTAssertEqual(
            sessions,
            [
                Session(
                    vm: VMID(1), token: SessionToken(router: "old", number: 7), place: nil, state: .connected,
                    peer: "10.9.9.9", since: WallTime(seconds: 5), isTakeOverRequested: true)
            ])
        try await store.endEarlier(at: .standAlone("gate"), than: "new")
        let left = try await store.snapshot().sessions
        XCTAssertEqual(left, [])
        await store.close()
    }

    func testAMigrationThatFailsLeavesTheSchemaBeforeIt() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        await (try make(path)).close()
        let newest = Schema.migrations.count
        let broken = Migrator(
            migrations: Schema.migrations + [
                Migration(number: newest + 1, statements: ["CREATE TABLE good (id INTEGER) STRICT"]),
                Migration(
                    number: newest + 2,
                    statements: ["CREATE TABLE half (id INTEGER) STRICT", "CREATE TABLE nodes (x)"]),
            ])
        do {
            _ = try await SQLiteStore.upgrade(at: path, migrator: broken)
            XCTFail("a broken migration ran")
        } catch {}
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        XCTAssertEqual(try connection.integer("SELECT max(number) FROM schema_migrations"), Int64(newest + 1))
        XCTAssertNil(try connection.integer("SELECT 1 FROM sqlite_master WHERE name = 'half'"))
    }
}

struct StoreContractFailureForTests: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

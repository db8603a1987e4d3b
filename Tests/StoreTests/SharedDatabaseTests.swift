import FarmModel
import FarmPorts
import FarmStore
import Foundation
import PortContracts
import SQLRecords
import XCTest

@testable import SQLiteStore

/// Two who use one database at the same time.
final class SharedDatabaseTests: XCTestCase {
    private var folder: TemporaryFolder!
    private var path: String { folder.path("farm.db") }

    private func makePair() async throws -> (SQLiteStore, SQLiteStore) {
        if folder == nil { folder = try TemporaryFolder() }
        let first = try await SQLiteStore.create(
            at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
        return (first, try await SQLiteStore.open(at: path))
    }

    func testTwoConnectionsWriteAtOnceAndLoseNothing() async throws {
        let (first, second) = try await makePair()
        let made = try await withThrowingTaskGroup(of: Int.self) { group in
            for (name, store) in [("first", first), ("second", second)] {
                group.addTask {
                    var count = 0
                    for number in 1...100 {
                        let command = AdministrationCommand.addTenant(name: "\(name)-\(number)")
                        let result = try await store.apply(command, by: .console(name: name), at: WallTime(seconds: 1))
                        if case .success = result { count += 1 }
                    }
                    return count
                }
            }
            return try await group.reduce(0, +)
        }
        XCTAssertEqual(made, 200)
        let tenants = try await first.snapshot().tenants
        XCTAssertEqual(tenants.map(\.id.rawValue), Array(1...201))
        let audit = try await second.audit(limit: 1000)
        XCTAssertEqual(audit.count, 200)
    }

    func testTwoSimultaneousClaimsEndInOneSession() async throws {
        let (first, second) = try await makePair()
        for command: AdministrationCommand in [
            .addUser(tenant: TenantID(1), login: "alice", passwordHash: "$h"),
            .addOSF(
                tenant: TenantID(1), name: "Office", memory: Mebibytes(256), userDiskSize: Mebibytes(0),
                keepsOverlay: false),
            .addVM(name: "desk", user: UserID(1), osf: OSFID(1), tag: "head", address: nil),
        ] {
            _ = try await first.apply(command, by: "test", at: WallTime(seconds: 1)).get()
        }
        for round in 1...50 {
            let claims = try await withThrowingTaskGroup(of: Bool.self) { group in
                for (router, store) in [("a", first), ("b", second)] {
                    group.addTask {
                        let token = SessionToken(router: router, number: Int64(round))
                        let session = Session(
                            vm: VMID(1), token: token, state: .connecting, peer: router, since: WallTime(seconds: 1))
                        return try await store.claim(session) == .claimed
                    }
                }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            XCTAssertEqual(claims.count(where: \.self), 1)
            let session = try await first.snapshot().sessions[0]
            XCTAssertTrue(session.isTakeOverRequested)
            try await second.end(session.token, vm: VMID(1))
        }
    }

    func testAWriterWaitsForAnotherAndGivesUpInTheEnd() async throws {
        let (first, _) = try await makePair()
        let holder = try SQLiteConnection(path: path, busyTimeout: 100)
        try holder.run("BEGIN IMMEDIATE")
        let impatient = try SQLiteConnection(path: path, busyTimeout: 5)
        XCTAssertThrowsError(
            try impatient.writeTransaction { () throws(PortError) in
            } _: {
                $0
            }
        ) { error in
            XCTAssertEqual((error as? PortError)?.reason, .busy)
        }
        async let waiting = first.apply(.addTenant(name: "late"), by: "test", at: WallTime(seconds: 1))
        // Readers are not kept waiting by a writer.
        let reader = try SQLiteConnection(path: path, busyTimeout: 0)
        XCTAssertEqual(try reader.integer("SELECT count(*) FROM tenants"), 1)
        try holder.run("COMMIT")
        let result = try await waiting
        XCTAssertEqual(try result.get(), .tenant(TenantID(2)))
    }

    func testACommitOfAnotherConnectionIsNoticed() async throws {
        let (watching, writing) = try await makePair()
        var changes = watching.changes().makeAsyncIterator()
        // The first look also wakes.
        _ = await changes.next()
        var milliseconds: [Double] = []
        for number in 1...20 {
            let key = "k\(number)"
            let start = ContinuousClock.now
            _ = try await writing.apply(.setConfiguration(key: key, value: ""), by: "test", at: WallTime(seconds: 1))
            let woken: Void? = await changes.next()
            XCTAssertNotNil(woken)
            milliseconds.append(Double((ContinuousClock.now - start).wholeNanoseconds) / 1e6)
            let keys = try await watching.snapshot().configuration.keys
            XCTAssertTrue(keys.contains(key))
        }
        milliseconds.sort()
        print("noticed another connection's commit: median \(milliseconds[10]) ms, longest \(milliseconds[19]) ms")
        XCTAssertLessThan(milliseconds[10], 100, "a change is noticed within 0.1 s")
        await watching.close()
        let ended: Void? = await changes.next()
        XCTAssertNil(ended)
        let late = watching.changes()
        for await _ in late { XCTFail("a closed store has changes") }
    }

    /// A watcher that expects no commit is told of one by the kernel, long before its next look.
    func testACommitAfterALongSilenceIsNoticedAtOnce() async throws {
        let (watching, writing) = try await makePair()
        var changes = watching.changes().makeAsyncIterator()
        _ = await changes.next()
        try await Task.sleep(for: ChangeWatch.expected + .milliseconds(500))
        let start = ContinuousClock.now
        _ = try await writing.apply(.addTenant(name: "a"), by: "test", at: WallTime(seconds: 1)).get()
        let woken: Void? = await changes.next()
        XCTAssertNotNil(woken)
        let took = Double((ContinuousClock.now - start).wholeNanoseconds) / 1e6
        print("noticed a commit after a silence in \(took) ms")
        await watching.close()
    }

    func testTheKernelTellsOfWritings() async throws {
        folder = try TemporaryFolder()
        let watched = (path as NSString).deletingLastPathComponent
        let writings = try XCTUnwrap(FolderWritings(of: watched))
        XCTAssertFalse(writings.wait(atMost: .zero), "nothing was written")
        let (first, _) = try await makePair()
        XCTAssertTrue(writings.wait(atMost: .zero), "the files were made")
        XCTAssertFalse(writings.wait(atMost: .zero), "that is told once")
        _ = try await first.snapshot()
        XCTAssertFalse(writings.wait(atMost: .zero), "reading writes nothing")
        _ = try await first.apply(.addTenant(name: "a"), by: "test", at: WallTime(seconds: 1)).get()
        XCTAssertTrue(writings.wait(atMost: .seconds(10)), "a commit writes to the log")
        XCTAssertNil(FolderWritings(of: watched + "/no such folder"))
    }

    /// Many watchers look 40 times a second each while commits come, so a look may not read the file.
    func testALookForChangesReadsNothingFromTheFile() async throws {
        let (first, _) = try await makePair()
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        let version = try connection.integer("PRAGMA data_version")
        let read = connection.pagesRead
        for _ in 1...10_000 { _ = try connection.integer("PRAGMA data_version") }
        XCTAssertEqual(connection.pagesRead, read)
        XCTAssertGreaterThanOrEqual(ChangeWatch.period, 0.02, "a busy watcher looks at most 50 times a second")
        XCTAssertEqual(try connection.integer("PRAGMA data_version"), version)
        _ = try await first.apply(.addTenant(name: "a"), by: "test", at: WallTime(seconds: 1)).get()
        XCTAssertNotEqual(try connection.integer("PRAGMA data_version"), version)
        XCTAssertEqual(try connection.integer("SELECT count(*) FROM tenants"), 2)
        XCTAssertGreaterThan(connection.pagesRead, read, "pages are counted")
    }

    func testAClosedStoreSaysSo() async throws {
        let (first, second) = try await makePair()
        await first.close()
        do {
            _ = try await first.snapshot()
            XCTFail("a closed store answered")
        } catch {
            XCTAssertEqual(error.effect, .unreachable)
        }
        _ = try await second.snapshot()
    }
}

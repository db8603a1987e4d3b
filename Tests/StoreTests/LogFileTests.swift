import CSQLite
import FarmModel
import FarmPorts
import FarmStore
import Foundation
import PortContracts
import Synchronization
import XCTest

@testable import SQLiteStore

/// The files beside a database that several users share.
final class LogFileTests: XCTestCase {
    private typealias ChangeMode = @convention(c) (Int32, mode_t) -> Int32

    private static let corrected = Mutex<[String]>([])

    /// SQLite corrects the mode of a file that it made: until then nobody else can write it. So it has nothing to
    /// correct, whatever the umask takes off.
    func testNoLogFileIsEverSeenWithFewerRightsThanTheDatabase() async throws {
        let mask = umask(0o077)
        defer { umask(mask) }
        let folder = try TemporaryFolder()
        let path = folder.path("farm/farm.db")
        await
            (try await SQLiteStore.create(
                at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)).close()
        let changeMode: ChangeMode = { descriptor, mode in
            LogFileTests.corrected.withLock { $0.append("mode \(String(mode, radix: 8))") }
            return fchmod(descriptor, mode)
        }
        let system = try XCTUnwrap(sqlite3_vfs_find(nil))
        let set = try XCTUnwrap(system.pointee.xSetSystemCall)
        XCTAssertEqual(set(system, "fchmod", unsafeBitCast(changeMode, to: sqlite3_syscall_ptr.self)), SQLITE_OK)
        defer { _ = set(system, "fchmod", nil) }
        // The first opening, and one after the files have vanished.
        for round in 1...2 {
            let store = try await SQLiteStore.open(at: path)
            _ = try await store.apply(.addTenant(name: "acme\(round)"), by: "test", at: WallTime(seconds: 1))
            for name in ["farm.db", "farm.db-wal", "farm.db-shm"] {
                let facts = try FileManager.default.attributesOfItem(atPath: folder.path("farm/\(name)"))
                XCTAssertEqual(facts[.posixPermissions] as? Int, 0o660, name)
            }
            await store.close()
            XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.path("farm")), ["farm.db"])
        }
        XCTAssertEqual(Self.corrected.withLock { $0 }, [], "others could only read these for a moment")
    }

    /// Openings and closings by many at once: who closes last removes the files that another is about to open.
    func testManyOpenAndCloseAtOnce() async throws {
        let folder = try TemporaryFolder()
        let path = folder.path("farm.db")
        await
            (try await SQLiteStore.create(
                at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)).close()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<4 {
                group.addTask {
                    for round in 0..<50 {
                        let store = try await SQLiteStore.open(at: path)
                        _ = try await store.apply(
                            .addTenant(name: "t\(number)-\(round)"), by: "test", at: WallTime(seconds: 1))
                        await store.close()
                    }
                }
            }
            try await group.waitForAll()
        }
        let store = try await SQLiteStore.open(at: path)
        let tenants = try await store.snapshot().tenants.count
        XCTAssertEqual(tenants, 201)
        await store.close()
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder.url.path), ["farm.db"])
    }
}

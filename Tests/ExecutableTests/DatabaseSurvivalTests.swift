import FarmModel
import FarmPorts
import FarmStore
import Foundation
import SQLiteStore
import XCTest

/// One database used by several processes, some of which are killed.
final class DatabaseSurvivalTests: XCTestCase {
    func testAKilledWriterLosesNothingThatWasAcknowledged() async throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        var acknowledged: [Int] = []
        var killed = 0
        for round in 0..<60 {
            let process = try rig.start(["config", "set", "key-\(round)", "value-\(round)"])
            // From before it opens the database to after its commit.
            usleep(useconds_t(round % 20) * 1500)
            kill(process.processIdentifier, SIGKILL)
            process.waitUntilExit()
            if process.terminationReason == .exit && process.terminationStatus == 0 {
                acknowledged.append(round)
            } else {
                killed += 1
            }
        }
        let last = try rig.qvd("config", "set", "last", "one")
        XCTAssertEqual(last.status, 0, last.errors)
        let store = try await SQLiteStore.open(at: rig.database)
        let findings = try await store.examine()
        XCTAssertEqual(findings, [])
        let snapshot = try await store.snapshot()
        for round in acknowledged { XCTAssertEqual(snapshot.configuration["key-\(round)"], "value-\(round)") }
        // A change and its audit record are one transaction: neither is ever there without the other.
        let audited = try await store.audit(limit: 1000).filter { $0.action.hasPrefix("set configuration key `key-") }
        XCTAssertEqual(audited.count, snapshot.configuration.count - 1)
        print("kill -9 of \(killed) of 60 writers; \(acknowledged.count) had answered, \(audited.count) had committed")
        XCTAssertGreaterThan(killed, 5)
        await store.close()
    }

    func testManyProcessesWriteAtOnce() async throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let processes = try (0..<16).map { number in try rig.start(["tenant", "add", "tenant-\(number)"]) }
        for process in processes {
            process.waitUntilExit()
            XCTAssertEqual(process.terminationStatus, 0)
        }
        let store = try await SQLiteStore.open(at: rig.database)
        let tenants = try await store.snapshot().tenants
        XCTAssertEqual(tenants.map(\.id.rawValue), Array(1...17))
        await store.close()
    }

    func testAnotherProcessCommitIsNoticed() async throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let store = try await SQLiteStore.open(at: rig.database)
        var changes = store.changes().makeAsyncIterator()
        _ = await changes.next()
        var milliseconds: [Double] = []
        for number in 0..<5 {
            let process = try rig.start(["config", "set", "k", "\(number)"])
            // A wake is a hint: there may be one for something else before it.
            var wakes = 0
            var value: String?
            repeat {
                let woken: Void? = await changes.next()
                XCTAssertNotNil(woken)
                wakes += 1
                value = try await store.snapshot().configuration["k"]
            } while value != "\(number)" && wakes < 10
            let noticed = ContinuousClock.now
            XCTAssertEqual(value, "\(number)", "after \(wakes) wakes")
            process.waitUntilExit()
            let ended = ContinuousClock.now
            milliseconds.append(Double((ended - noticed).wholeNanoseconds) / 1e6)
        }
        print("noticed a commit of qvd this long before qvd had ended: \(milliseconds.map { "\($0) ms" })")
        await store.close()
    }

    func testACopyThatWasKilledLeavesNoImage() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let large = rig.path("large.img")
        XCTAssertTrue(FileManager.default.createFile(atPath: large, contents: nil))
        let file = try FileHandle(forWritingTo: URL(filePath: large))
        let block = Data(repeating: 7, count: 1 << 20)
        for _ in 0..<200 { try file.write(contentsOf: block) }
        try file.close()
        let images = rig.path("storage/images")
        let process = try rig.start(["di", "add", "office", large])
        let deadline = Date().addingTimeInterval(20)
        func hasBegun() throws -> Bool {
            try FileManager.default.contentsOfDirectory(atPath: images).contains { $0.hasPrefix(".adding-") }
        }
        while try !hasBegun() {
            guard Date() < deadline else { return XCTFail("no copy began") }
            usleep(1000)
        }
        kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
        let left = try FileManager.default.contentsOfDirectory(atPath: images).filter { !$0.hasPrefix(".") }
        XCTAssertEqual(left, ["base.qcow2"])
        let second = try rig.qvd("di", "add", "office", rig.path("base.qcow2"))
        XCTAssertEqual(second.status, 0, second.errors)
        XCTAssertEqual(
            try FileManager.default.contentsOfDirectory(atPath: images).sorted(), ["base-2.qcow2", "base.qcow2"])
    }
}

import FarmModel
import FarmPorts
import FarmStore
import Foundation
import PortContracts
import SQLiteStore
import XCTest

/// A disk that is full or read-only: a small file system of the test's own. Needs root.
final class FullDiskTests: XCTestCase {
    private var folder: TemporaryFolder!

    override func setUpWithError() throws {
        folder = try TemporaryFolder()
        try mount("-t", "tmpfs", "-o", "size=600k", "tmpfs", folder.url.path)
    }

    override func tearDownWithError() throws {
        try run("/bin/umount", "-l", folder.url.path)
        folder = nil
    }

    private func mount(_ arguments: String...) throws { try run("/bin/mount", arguments) }

    private func run(_ program: String, _ arguments: String...) throws { try run(program, arguments) }

    private func run(_ program: String, _ arguments: [String]) throws {
        let process = try Process.run(URL(fileURLWithPath: program), arguments: arguments)
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw StoreContractFailureForTests("\(program) \(arguments): exit \(process.terminationStatus); root?")
        }
    }

    private func fill(_ store: SQLiteStore) async throws -> (acknowledged: Int, error: PortError?) {
        let value = String(repeating: "x", count: 20_000)
        for number in 0..<1000 {
            do {
                _ = try await store.apply(
                    .setConfiguration(key: "k\(number)", value: String(value.prefix(4000))), by: "test",
                    at: WallTime(seconds: 1))
            } catch {
                return (number, error)
            }
        }
        return (1000, nil)
    }

    func testAFullDiskLosesNothingAcknowledgedAndWorksAgainWithSpace() async throws {
        let path = folder.path("farm.db")
        let store = try await SQLiteStore.create(
            at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
        let (acknowledged, error) = try await fill(store)
        let refusal = try XCTUnwrap(error)
        XCTAssertEqual(refusal.reason, .noSpace, refusal.description)
        XCTAssertEqual(refusal.effect, .rejected)
        XCTAssertTrue(refusal.description.contains("free space"), refusal.description)
        XCTAssertGreaterThan(acknowledged, 0)
        let kept = try await store.snapshot().configuration.count
        XCTAssertEqual(kept, acknowledged)
        await store.close()
        try mount("-o", "remount,size=8m", folder.url.path)
        let again = try await SQLiteStore.open(at: path)
        let after = try await again.snapshot().configuration.count
        XCTAssertEqual(after, acknowledged)
        _ = try await again.apply(.addTenant(name: "more"), by: "test", at: WallTime(seconds: 2)).get()
        let findings = try await again.examine()
        XCTAssertEqual(findings, [])
        await again.close()
    }

    func testAReadOnlyDiskIsRefused() async throws {
        let path = folder.path("farm.db")
        let store = try await SQLiteStore.create(
            at: path, farm: StoreContract.farm, addressPlan: StoreContract.addressPlan)
        await store.close()
        try mount("-o", "remount,ro", folder.url.path)
        do {
            _ = try await SQLiteStore.open(at: path)
            XCTFail("opened a database that cannot be written")
        } catch {
            let error: PortError = error
            XCTAssertEqual(error.reason, .denied, error.description)
            XCTAssertTrue(error.description.contains(path), error.description)
        }
    }
}

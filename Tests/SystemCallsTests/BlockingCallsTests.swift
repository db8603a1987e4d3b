import FarmPorts
import Foundation
import Synchronization
import SystemCalls
import XCTest

private final class Count: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func add(_ more: Int) { number.withLock { $0 += more } }
}

/// Calls that really hang: each opens a pipe that nobody writes to.
final class BlockingCallsTests: XCTestCase {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "qvd-calls-\(UUID().uuidString)").path

    override func setUpWithError() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws { try FileManager.default.removeItem(atPath: folder) }

    private func pipe(_ name: String) throws -> String {
        let path = "\(folder)/\(name)"
        guard mkfifo(path, 0o600) == 0 else { throw CocoaError(.fileWriteUnknown) }
        return path
    }

    /// Returns when somebody opens the pipe for writing.
    private static func hang(_ calls: BlockingCalls, _ path: String, about: String, late: Count) async -> PortError? {
        do throws(PortError) {
            _ = try await calls.run("reading \(path)", about: about, late: { late.add($0) }) {
                close(open(path, O_RDONLY))
                return 1
            }
            return nil
        } catch {
            return error
        }
    }

    private func release(_ path: String) { close(open(path, O_WRONLY)) }

    private func awaitNoneStuck(_ calls: BlockingCalls) async throws {
        for _ in 0..<500 where calls.stuck > 0 { try await Task.sleep(for: .milliseconds(10)) }
        XCTAssertEqual(calls.stuck, 0)
    }

    func testACallThatHangsIsAnsweredInTimeAndOvertakenByNone() async throws {
        let calls = BlockingCalls("test", limit: .milliseconds(200))
        let (first, late) = (try pipe("first"), Count())
        let begun = ContinuousClock.now
        let error = await Self.hang(calls, first, about: "VM 1", late: late)
        XCTAssertLessThan(ContinuousClock.now - begun, .seconds(5))
        XCTAssertEqual(error?.effect, .outcomeUnknown)
        XCTAssertEqual(error?.reason, .timedOut)
        XCTAssertEqual(error?.attempt, "reading \(first)")
        XCTAssertEqual(calls.stuck, 1)
        // Nothing about the same thing begins before it has returned; the rest goes on.
        let second = await Self.hang(calls, first, about: "VM 1", late: late)
        XCTAssertEqual(second?.effect, .unreachable)
        XCTAssertEqual(second?.reason, .busy)
        let other = try await calls.run("adding", about: "VM 2") { 1 + 1 }
        XCTAssertEqual(other, 2)
        release(first)
        try await awaitNoneStuck(calls)
        XCTAssertEqual(late.value, 1, "what came late is handed over once")
        let again = try await calls.run("adding", about: "VM 1") { 2 + 2 }
        XCTAssertEqual(again, 4)
    }

    func testNoMoreThanTheBoundHang() async throws {
        let calls = BlockingCalls("test", limit: .milliseconds(200), stuckMax: 3)
        let (path, late) = (try pipe("all"), Count())
        let errors = await withTaskGroup(of: PortError?.self) { group in
            for vm in 1...3 { group.addTask { await Self.hang(calls, path, about: "VM \(vm)", late: late) } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        XCTAssertEqual(errors.map { $0?.reason }, [.timedOut, .timedOut, .timedOut])
        let beyond = await Self.hang(calls, path, about: "VM 4", late: late)
        XCTAssertEqual(beyond?.effect, .unreachable)
        XCTAssertEqual(beyond?.reason, .limit)
        // A writer that stays lets every reader in.
        let writer = open(path, O_RDWR)
        try await awaitNoneStuck(calls)
        close(writer)
        let again = try await calls.run("adding", about: "VM 4") { 1 + 1 }
        XCTAssertEqual(again, 2)
    }

    func testACallThatIsInTimeIsAnsweredAsItEnds() async throws {
        let calls = BlockingCalls("test", limit: .milliseconds(100))
        for number in 0..<200 {
            let found = try await calls.run("counting", about: "VM 1") { number }
            XCTAssertEqual(found, number)
        }
        do throws(PortError) {
            try await calls.run("failing", about: "VM 1") { () throws(PortError) in
                throw PortError(.rejected, .noSpace, attempt: "failing", detail: "full")
            }
            XCTFail("it succeeded")
        } catch {
            XCTAssertEqual(error, PortError(.rejected, .noSpace, attempt: "failing", detail: "full"))
        }
        try await Task.sleep(for: .milliseconds(300))
        XCTAssertEqual(calls.stuck, 0, "their limits have passed since")
    }
}

import FarmPorts
import Foundation
import ProgramRuns
import XCTest

/// What is known of a program that was run, in each way it can end.
final class ProgramRunTests: XCTestCase {
    func testItsWordsAndItsExitCodeAreKept() async throws {
        let outcome = try await ProgramRun("cat", limit: .seconds(10))(input: "line\nline\n")
        XCTAssertTrue(outcome.isSuccess)
        XCTAssertEqual(outcome.output, "line\nline\n")
        let failed = try await ProgramRun(
            "/bin/sh", ["-c", "echo $WORD one >&2; echo two >&2; exit 7"], limit: .seconds(10),
            environment: ["WORD": "said"])()
        XCTAssertEqual(failed.ending, .exited(7))
        XCTAssertEqual(failed.complaint, "said one; two")
        let killed = try await ProgramRun("/bin/sh", ["-c", "kill -9 $$"], limit: .seconds(10))()
        XCTAssertEqual(killed.ending, .signaled(SIGKILL))
    }

    func testOneThatDoesNotEndIsKilledAndItsOutcomeIsUnknown() async {
        let begun = ContinuousClock.now
        let failure = await failureOf(ProgramRun("sleep", ["60"], limit: .milliseconds(200)))
        XCTAssertLessThan(ContinuousClock.now - begun, .seconds(10))
        guard case .overtime = failure else { return XCTFail("\(String(describing: failure))") }
        let error = failure?.portError(attempt: "waiting", detail: "too long")
        XCTAssertEqual(error, PortError(.outcomeUnknown, .timedOut, attempt: "waiting", detail: "too long"))
    }

    func testOneThatIsNotThereWasNotSent() async {
        let failure = await failureOf(ProgramRun("/nonexistent/program", limit: .seconds(10)))
        guard case .notStarted = failure else { return XCTFail("\(String(describing: failure))") }
        XCTAssertEqual(failure?.portError(attempt: "a", detail: "d").effect, .unreachable)
    }

    func testACancelledCallerKillsIt() async {
        let program = ProgramRun("sleep", ["60"], limit: .seconds(60))
        let task = Task { await failureOf(program) }
        task.cancel()
        let failure = await task.value
        guard case .cancelled = failure else { return XCTFail("\(String(describing: failure))") }
        XCTAssertEqual(failure?.portError(attempt: "a", detail: "d").effect, .outcomeUnknown)
    }
}

private func failureOf(_ program: ProgramRun) async -> ProgramRun.Failure? {
    do throws(ProgramRun.Failure) {
        _ = try await program()
        return nil
    } catch {
        return error
    }
}

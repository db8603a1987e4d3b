import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import NodeRig
import PortContracts
import ProgramRuns
import XCTest

/// Storage that stops answering. A frozen file system is such storage: who writes to it waits in the kernel and cannot
/// be killed.
final class HangingStorageTests: XCTestCase {
    private let limit = Duration.milliseconds(500)

    private func withFixture(_ body: (ImageDisksFixture, ImageDisks) async throws -> Void) async throws {
        let fixture = try await ImageDisksFixture()
        let result: Result<Void, any Error>
        do {
            try await body(fixture, ImageDisks(farm: ImageDisksFixture.farm, folders: fixture.folders, limit: limit))
            result = .success(())
        } catch {
            result = .failure(error)
        }
        try await fixture.end()
        try result.get()
    }

    private func whileFrozen(_ fixture: ImageDisksFixture, _ body: () async throws -> Void) async throws {
        try await RigCommand.run("fsfreeze", "-f", fixture.storage.path)
        let result: Result<Void, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try await RigCommand.run("fsfreeze", "-u", fixture.storage.path)
        try result.get()
    }

    private func overlay(_ vm: Int64, _ fixture: ImageDisksFixture) -> OverlaySpecification {
        OverlaySpecification(vm: VMID(vm), image: ImageID(1), imageFile: fixture.goodImages[0], keepsExisting: false)
    }

    func testACallThatHangsIsAnsweredAndMeetsNothingNewer() async throws {
        try await withFixture { fixture, port in
            let path = try await port.prepareOverlay(overlay(1, fixture)).path
            try await whileFrozen(fixture) {
                let begun = ContinuousClock.now
                try await requireFailure(.outcomeUnknown, .timedOut, "removing on frozen storage") {
                    () async throws(PortError) in
                    try await port.removeOverlays(of: VMID(1))
                }
                try await requireFailure(.outcomeUnknown, .timedOut, "a user disk on frozen storage") {
                    () async throws(PortError) in
                    try await port.ensureUserDisk(of: VMID(2), size: Mebibytes(1))
                }
                try await requireFailure(.unreachable, .busy, "another call about the disks of VM 1") {
                    () async throws(PortError) in
                    try await port.prepareOverlay(overlay(1, fixture))
                }
                XCTAssertLessThan(ContinuousClock.now - begun, .seconds(10))
                // Looking writes nothing, so it still sees.
                let seen = try await port.observe().map(\.path)
                XCTAssertEqual(seen, [path])
            }
            try await waitFor("what hung to be carried out") { try await port.observe().map(\.vm) == [VMID(2)] }
            try await waitFor("the disks of VM 1 to be free") {
                do throws(PortError) {
                    return try await port.prepareOverlay(overlay(1, fixture)).path == path
                } catch {
                    guard error.reason == .busy else { throw error }
                    return false
                }
            }
            let seen = try await port.observe().map(\.vm)
            XCTAssertEqual(seen, [VMID(1), VMID(2)])
        }
    }

    func testHangingStorageKeepsTheContract() async throws {
        try await withFixture { fixture, port in
            let hands = FrozenStorage(port: port, path: fixture.storage.path)
            do {
                try await runContract(HangingStorageContract(hands).checks)
            } catch {
                // What hangs can only be taken away when it does not hang any more.
                try? await hands.comeLoose()
                throw error
            }
        }
    }

    func testAStoppedQemuImgIsKilledAndItsOutcomeIsUnknown() async throws {
        try await withFixture { fixture, port in
            _ = try await port.inspect(imageFile: fixture.goodImages[1])
            let command = "\(fixture.storage.path)/qemu-img"
            let script = "#!/bin/sh\n[ $1 = create ] && kill -STOP $$\nexec qemu-img \"$@\"\n"
            try script.write(toFile: command, atomically: true, encoding: .utf8)
            try await RigCommand.run("chmod", "755", command)
            let stopped = ImageDisks(
                farm: ImageDisksFixture.farm, folders: fixture.folders, command: command, limit: limit)
            let begun = ContinuousClock.now
            let failure = try await requireFailure(.outcomeUnknown, .timedOut, "a qemu-img that was stopped") {
                () async throws(PortError) in
                try await stopped.prepareOverlay(overlay(1, fixture))
            }
            XCTAssertLessThan(ContinuousClock.now - begun, .seconds(10))
            XCTAssertTrue(failure.detail.contains("is the storage reachable"), failure.detail)
            let left = try FileManager.default.contentsOfDirectory(atPath: fixture.folders.overlays)
            XCTAssertEqual(left.filter { !$0.hasPrefix(".lock-") }, [], "nothing half-made is left")
        }
    }

    func testAProgramThatCannotBeKilledKeepsNobody() async throws {
        try await withFixture { fixture, _ in
            try await whileFrozen(fixture) {
                let begun = ContinuousClock.now
                do throws(ProgramRun.Failure) {
                    _ = try await ProgramRun("touch", ["\(fixture.storage.path)/a"], limit: limit)()
                    XCTFail("it ended")
                } catch {
                    guard case .overtime = error else { return XCTFail("\(error)") }
                }
                XCTAssertLessThan(ContinuousClock.now - begun, .seconds(10))
            }
        }
    }
}

private struct FrozenStorage: HangingStorageFixture {
    let port: ImageDisks
    let path: String
    let clock: any FarmClock = RealTime()
    let patience: Duration = .seconds(20)

    func hang() async throws { try await RigCommand.run("fsfreeze", "-f", path) }
    func comeLoose() async throws { try await RigCommand.run("fsfreeze", "-u", path) }
}

import FarmModel
import Foundation
import NodeRig
import XCTest

@testable import LibvirtHypervisor

final class AccelerationProbeTests: XCTestCase {
    private let emulator = "/usr/bin/qemu-system-x86_64"

    func testTheProbesGuestRunsWhereGuestsRun() async throws {
        // Under TCG, which runs guests everywhere: so a failure of the same guest under KVM is KVM's.
        let verdict = await AccelerationProbe(
            emulator: emulator, device: "/dev/null", accelerator: "tcg", limit: .seconds(30)
        ).verdict()
        XCTAssertEqual(verdict.reason, "a guest ran on tcg")
    }

    func testTheVerdictAgreesWithALinuxThatIsReallyBooted() async throws {
        let verdict = await AccelerationProbe(emulator: emulator).verdict()
        print("KVM on this machine: \(verdict.acceleration): \(verdict.reason)")
        XCTAssertFalse(verdict.reason.isEmpty)
        let scratch = try ScratchFolder("kvm")
        let guest = try BusyboxGuest.prepare(in: scratch.path)
        let kvm = try await boots(
            guest, scratch, accelerator: "kvm", limit: verdict.acceleration == .kvm ? 30 : 6)
        XCTAssertEqual(verdict.acceleration, kvm ? .kvm : .tcg, verdict.reason)
        let control = try await boots(guest, scratch, accelerator: "tcg", limit: 60)
        XCTAssertTrue(control, "the control guest did not boot under TCG")
        try await scratch.remove()
    }

    /// Whether Linux comes up within so many seconds.
    private func boots(
        _ guest: BusyboxGuest, _ scratch: ScratchFolder, accelerator: String, limit: Int
    ) async throws -> Bool {
        let console = "\(scratch.path)/\(accelerator).console"
        func isReady() -> Bool {
            let content = FileManager.default.contents(atPath: console) ?? Data()
            return String(decoding: content, as: UTF8.self).contains(BusyboxGuest.readyText)
        }
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { [emulator] in
                do {
                    try await RigCommand.run(
                        "timeout", "-s", "KILL", "\(limit)", emulator, "-accel", accelerator, "-m", "96",
                        "-nodefaults",
                        "-display", "none", "-serial", "file:\(console)", "-kernel", guest.kernelPath,
                        "-initrd",
                        guest.initialRamdiskPath, "-append", guest.commandLine)
                } catch is RigFailure {
                    return  // refused, or ended by the time limit: the guest never ends by itself
                }
            }
            do {
                try await waitFor("Linux on \(accelerator)", upTo: .seconds(limit)) { isReady() }
            } catch is RigFailure {
                group.cancelAll()
                return false
            }
            group.cancelAll()
            return true
        }
    }

    func testAMissingDeviceIsSaid() async throws {
        let verdict = await AccelerationProbe(emulator: emulator, device: "/dev/no-kvm").verdict()
        XCTAssertEqual(verdict.acceleration, .tcg)
        XCTAssertTrue(verdict.reason.contains("/dev/no-kvm"), verdict.reason)
    }

    func testAnAcceleratorThatQEMURefusesIsSaidWithItsWords() async throws {
        let verdict = await AccelerationProbe(emulator: emulator, device: "/dev/null", accelerator: "hax")
            .verdict()
        XCTAssertEqual(verdict.acceleration, .tcg)
        XCTAssertTrue(verdict.reason.contains("hax"), verdict.reason)
    }

    func testAHangingGuestEndsWithTheTimeLimitAndLeavesNothing() async throws {
        let scratch = try ScratchFolder("probe")
        // Stands in for an emulator whose guest hangs: tells its process id and its child's, and never ends.
        let hanging = "\(scratch.path)/emulator"
        let script = "#!/bin/sh\nsleep 1000 &\necho $$ $! >\(scratch.path)/processes\nwait\n"
        try script.write(toFile: hanging, atomically: true, encoding: .utf8)
        chmod(hanging, 0o755)
        let before = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
            $0.hasPrefix("qvd-probe")
        }
        let begin = ContinuousClock.now
        let probe = AccelerationProbe(emulator: hanging, device: "/dev/null", limit: .seconds(1))
        let verdict = await probe.verdict()
        XCTAssertEqual(verdict.acceleration, .tcg)
        XCTAssertTrue(verdict.reason.contains("did not reach 64-bit mode within"), verdict.reason)
        XCTAssertLessThan(ContinuousClock.now - begin, .seconds(10))
        try await requireGone(scratch)
        // Cancelled instead: the same.
        try FileManager.default.removeItem(atPath: "\(scratch.path)/processes")
        let cancelled = AccelerationProbe(emulator: hanging, device: "/dev/null", limit: .seconds(100))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = await cancelled.verdict() }
            try await waitFor("the emulator to start") {
                FileManager.default.contents(atPath: "\(scratch.path)/processes")?.last == UInt8(ascii: "\n")
            }
            group.cancelAll()
            try await group.waitForAll()
        }
        try await requireGone(scratch)
        let after = try FileManager.default.contentsOfDirectory(atPath: "/tmp").filter {
            $0.hasPrefix("qvd-probe")
        }
        XCTAssertEqual(after, before, "files left")
        try await scratch.remove()
    }

    private func requireGone(_ scratch: ScratchFolder) async throws {
        let text = try String(contentsOfFile: "\(scratch.path)/processes", encoding: .utf8)
        let processes = text.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
        XCTAssertEqual(processes.count, 2)
        try await waitFor("processes \(processes) to be gone", upTo: .seconds(5)) {
            processes.allSatisfy { kill($0, 0) != 0 }
        }
    }
}

import FarmModel
import Foundation
import Subprocess
import SystemPackage

/// Finds out whether KVM runs guest instructions. A present `/dev/kvm` proves nothing: inside some virtual
/// machines it opens, and its guests hang. So a guest is run (see `ProbeFirmware`), under a time limit.
actor AccelerationProbe {
    struct Verdict: Sendable, Hashable {
        var acceleration: Acceleration
        /// In words.
        var reason: String
    }

    private let emulator: String
    private let device: String
    private let accelerator: String
    /// An idle machine takes 0.1 to 0.2 s, most of it QEMU's own start.
    private let limit: Duration
    private var known: Verdict?

    /// - Parameters:
    ///   - accelerator: what QEMU is told; `tcg` shows that the probe's guest itself works.
    init(
        emulator: String, device: String = "/dev/kvm", accelerator: String = "kvm",
        limit: Duration = .seconds(5)
    ) {
        self.emulator = emulator
        self.device = device
        self.accelerator = accelerator
        self.limit = limit
    }

    /// The answer is kept for the life of the process: a machine does not gain or lose KVM in between.
    func verdict() async -> Verdict {
        if let known { return known }
        let verdict = await probe()
        known = verdict
        return verdict
    }

    private func probe() async -> Verdict {
        guard FileManager.default.fileExists(atPath: device) else {
            return Verdict(
                acceleration: .tcg,
                reason:
                    "there is no \(device): no hardware virtualization, or it is switched off in the firmware"
            )
        }
        do {
            return try await runGuest()
        } catch {
            return Verdict(acceleration: .tcg, reason: "the probe of KVM could not be run: \(error)")
        }
    }

    private func runGuest() async throws -> Verdict {
        let firmware = try Self.firmwareFile()
        var options = PlatformOptions()
        // A group of its own, killed as a whole. `timeout` is in it for the case that this process dies
        // first.
        options.processGroupID = 0
        options.teardownSequence = [
            .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
        ]
        let arguments = [
            "-s", "KILL", "\(limit.components.seconds)", emulator, "-accel", accelerator, "-machine", "pc",
            "-m", "16", "-nodefaults", "-no-user-config", "-display", "none", "-device",
            "isa-debug-exit,iobase=0xf4,iosize=1", "-bios", "/dev/stdin",
        ]
        let result = try await Subprocess.run(
            .name("timeout"), arguments: Arguments(arguments), platformOptions: options,
            input: .fileDescriptor(firmware, closeAfterSpawningProcess: true), output: .discarded,
            error: .string(limit: 1 << 16))
        if result.terminationStatus == .exited(ProbeFirmware.exitCode) {
            return Verdict(
                acceleration: accelerator == "kvm" ? .kvm : .tcg, reason: "a guest ran on \(accelerator)")
        }
        // `timeout -s KILL` kills itself in the same way, so its end by signal 9 is the time limit.
        if result.terminationStatus == .signaled(SIGKILL) || result.terminationStatus == .exited(137) {
            return Verdict(
                acceleration: .tcg,
                reason: "\(device) is there, but a guest did not reach 64-bit mode within \(limit) "
                    + "(seen where this machine is itself a virtual machine without nested virtualization)")
        }
        let complaint = result.standardError.split(separator: "\n").joined(separator: "; ")
        return Verdict(
            acceleration: .tcg,
            reason:
                "\(device) is there, but QEMU cannot use it (\(result.terminationStatus)): "
                + complaint.prefix(300)
        )
    }

    /// A file without a name that holds a firmware image: 64 KiB of which the processor runs the last 16
    /// bytes first.
    private static func firmwareFile() throws -> FileDescriptor {
        var template = Array("/tmp/qvd-probe-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        unlink(template)
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.writeAll(ProbeFirmware.image)
        } catch {
            try file.close()
            throw error
        }
        return file
    }
}

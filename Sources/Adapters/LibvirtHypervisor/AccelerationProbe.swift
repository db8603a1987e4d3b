import FarmModel
import Foundation
import Subprocess
import SystemPackage

/// Finds out whether KVM runs guest instructions. A present `/dev/kvm` proves nothing: inside some virtual
/// machines it opens, and its guests hang at their first instruction. So a guest of 16 bytes is run, under a
/// time limit.
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

    /// What the guest writes to the debug exit port makes QEMU exit with twice that plus one.
    private static let guestSays: UInt8 = 0x2a
    private static let success = TerminationStatus.exited(CInt(guestSays) * 2 + 1)

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
        if result.terminationStatus == Self.success {
            return Verdict(
                acceleration: accelerator == "kvm" ? .kvm : .tcg, reason: "a guest ran on \(accelerator)")
        }
        // `timeout -s KILL` kills itself in the same way, so its end by signal 9 is the time limit.
        if result.terminationStatus == .signaled(SIGKILL) || result.terminationStatus == .exited(137) {
            return Verdict(
                acceleration: .tcg,
                reason: "\(device) is there, but its guest ran no instruction within \(limit) "
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
        var image = [UInt8](repeating: 0xf4, count: 64 << 10)  // hlt
        let code: [UInt8] = [
            0xb0, guestSays,  // mov al, guestSays
            0xe6, 0xf4,  // out 0xf4, al
            0xf4, 0xeb, 0xfd,  // hlt; jump back to it
        ]
        image.replaceSubrange((image.count - 16)..<(image.count - 16 + code.count), with: code)
        var template = Array("/tmp/qvd-probe-XXXXXX".utf8CString)
        let descriptor = mkstemp(&template)
        guard descriptor >= 0 else { throw Errno(rawValue: errno) }
        unlink(template)
        let file = FileDescriptor(rawValue: descriptor)
        do {
            try file.writeAll(image)
        } catch {
            try file.close()
            throw error
        }
        return file
    }
}

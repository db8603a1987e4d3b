import FarmModel
import FarmPorts
import Foundation
import Glibc
import Synchronization
import SystemCalls

/// Looks at base images. A look reads all of a qcow2 file's tables, so its result is kept as long as the file
/// is the same (device, inode, size, modification time).
final class ImageInspection: Sendable {
    private let folder: String
    private let command: QemuImage
    private let calls: BlockingCalls
    private let known = Mutex<[String: (identity: FileIdentity, facts: ImageFacts)]>([:])
    /// Kept results, at most; a farm has some dozens of images.
    private static let knownMax = 1_000
    /// What images with a kernel of their own are booted with.
    static let kernelCommandLine = "root=/dev/vda console=ttyS0 quiet no_timer_check"

    init(folder: String, command: QemuImage, calls: BlockingCalls) {
        self.folder = folder
        self.command = command
        self.calls = calls
    }

    private struct FileIdentity: Equatable {
        var device: UInt, inode: UInt, size: Int, seconds: Int, nanoseconds: Int
    }

    /// What `qemu-img info` tells, of which only this is used.
    private struct Information: Decodable {
        var format: String
        var virtualSize: Int64
        enum CodingKeys: String, CodingKey {
            case format
            case virtualSize = "virtual-size"
        }
    }

    func inspect(_ imageFile: String) async throws(PortError) -> ImageFacts {
        let attempt = "inspecting image \(imageFile)"
        guard !imageFile.isEmpty, !imageFile.contains("/"), !imageFile.hasPrefix("."),
            !imageFile.contains("\0")
        else {
            throw PortError(
                .rejected, .invalid, attempt: attempt,
                detail: "an image's file is a plain name inside \(folder), without slash or leading dot")
        }
        let path = "\(folder)/\(imageFile)"
        let identity = try await calls.run(attempt, about: "image \(imageFile)") { () throws(PortError) in
            try Self.identity(of: path, folder: self.folder, attempt: attempt)
        }
        var facts = known.withLock { $0[imageFile] }.flatMap { $0.identity == identity ? $0.facts : nil }
        if facts == nil {
            let found = try await look(at: path, name: imageFile, attempt: attempt)
            known.withLock { known in
                if known.count >= Self.knownMax { known.removeAll() }
                known[imageFile] = (identity, found)
            }
            facts = found
        }
        guard var facts else { preconditionFailure("set above") }
        facts.directBoot = try await calls.run(attempt, about: "image \(imageFile)") { () throws(PortError) in
            try Self.directBoot(beside: path, attempt: attempt)
        }
        return facts
    }

    private static func identity(of path: String, folder: String, attempt: String) throws(PortError)
        -> FileIdentity
    {
        guard let status = try FileCalls.status(path, attempt: attempt) else {
            guard try FileCalls.status(folder, attempt: attempt) != nil else {
                throw FileCalls.missingFolder(folder, attempt: attempt)
            }
            throw PortError(
                .rejected, .notFound, attempt: attempt,
                detail: "there is no file \(path); copy the image there under this name")
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PortError(.rejected, .corrupt, attempt: attempt, detail: "\(path) is not a regular file")
        }
        return FileIdentity(
            device: status.st_dev, inode: status.st_ino, size: status.st_size, seconds: status.st_mtim.tv_sec,
            nanoseconds: status.st_mtim.tv_nsec)
    }

    private func look(at path: String, name: String, attempt: String) async throws(PortError) -> ImageFacts {
        // Only a file that is called raw is taken for raw: `qemu-img` calls any garbage a raw image.
        let wanted = name.hasSuffix(".raw") || name.hasSuffix(".img") ? "raw" : "qcow2"
        let answer = try await command.run(
            ["info", "--output=json", "-f", wanted, "--", path], attempt: attempt)
        guard answer.exitCode == 0 else { throw unusable(path, wanted, answer, attempt) }
        let information: Information
        do {
            information = try JSONDecoder().decode(Information.self, from: Data(answer.output.utf8))
        } catch {
            throw PortError(
                .rejected, .invalid, attempt: attempt,
                detail: "qemu-img info said what cannot be read: \(error)")
        }
        guard information.virtualSize > 0 else {
            throw PortError(.rejected, .corrupt, attempt: attempt, detail: "\(path) is empty")
        }
        if wanted == "qcow2" {
            let check = try await command.run(["check", "-q", "-f", wanted, "--", path], attempt: attempt)
            // 3 means clusters that nothing uses, which harms nobody.
            guard check.exitCode == 0 || check.exitCode == 3 else {
                throw unusable(path, wanted, check, attempt)
            }
        }
        return ImageFacts(path: path, format: wanted, virtualSize: information.virtualSize, directBoot: nil)
    }

    private func unusable(_ path: String, _ format: String, _ answer: QemuImage.Answer, _ attempt: String)
        -> PortError
    {
        let reason = QemuImage.reason(answer.complaint)
        let advice = reason == .corrupt ? "; copy the image there again, whole" : ""
        return PortError(
            .rejected, reason, attempt: attempt,
            detail: "\(path) is no usable \(format) image (exit code \(answer.exitCode)): "
                + "\(answer.complaint.prefix(400))\(advice)")
    }

    /// `x.kernel` and `x.initrd` beside `x.qcow2`; nil unless both are there.
    private static func directBoot(beside path: String, attempt: String) throws(PortError) -> DirectBoot? {
        let (kernel, ramdisk) = (BootFiles.kernel(of: path), BootFiles.ramdisk(of: path))
        guard try FileCalls.status(kernel, attempt: attempt) != nil,
            try FileCalls.status(ramdisk, attempt: attempt) != nil
        else { return nil }
        return DirectBoot(kernelPath: kernel, initialRamdiskPath: ramdisk, commandLine: kernelCommandLine)
    }
}

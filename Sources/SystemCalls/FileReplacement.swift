import Glibc

/// Replaces a file as a whole: written under another name, with its mode and owner from its first byte on, to the disk,
/// then renamed, and the folder written to the disk too. Whoever reads sees the old file or the new one, also after a
/// power cut. Blocks.
package struct FileReplacement {
    package var path: String
    /// On the same file system; what is there is removed first.
    package var partial: String
    package var mode: UInt32
    package var owner: (user: UInt32, group: UInt32)?
    /// False where the file system does not outlive the machine: then nothing waits for a disk.
    package var isDurable: Bool

    package init(
        _ path: String, partial: String, mode: UInt32, owner: (user: UInt32, group: UInt32)? = nil,
        isDurable: Bool = true
    ) {
        self.path = path
        self.partial = partial
        self.mode = mode
        self.owner = owner
        self.isDurable = isDurable
    }

    /// Which step the kernel refused. The old file is as it was, unless the step is `.syncFolder`.
    package struct Failure: Error, Sendable {
        package enum Step: Sendable { case make, write, giveAway, rename, syncFolder }

        package let step: Step
        package let code: Int32
    }

    package func write(_ bytes: [UInt8]) throws(Failure) {
        unlink(partial)
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode)
        guard descriptor >= 0 else { throw Failure(step: .make, code: errno) }
        do throws(Failure) {
            try fill(descriptor, bytes)
        } catch {
            close(descriptor)
            unlink(partial)
            throw error
        }
        close(descriptor)
        guard rename(partial, path) == 0 else {
            let code = errno
            unlink(partial)
            throw Failure(step: .rename, code: code)
        }
        guard isDurable else { return }
        let code = FileBytes.syncFolder(of: path)
        if code != 0 { throw Failure(step: .syncFolder, code: code) }
    }

    private func fill(_ descriptor: Int32, _ bytes: [UInt8]) throws(Failure) {
        let code = FileBytes.write(bytes[...], to: descriptor)
        if code != 0 { throw Failure(step: .write, code: code) }
        if let owner, fchown(descriptor, owner.user, owner.group) != 0 { throw Failure(step: .giveAway, code: errno) }
        guard fchmod(descriptor, mode) == 0, !isDurable || fsync(descriptor) == 0 else {
            throw Failure(step: .write, code: errno)
        }
    }
}

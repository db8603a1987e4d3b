import Foundation
import ImageDisks
import SystemCalls

/// Puts an image file, with the kernel and initial ramdisk beside it, into the image folder under a new name. Nothing
/// appears there under its name before it is whole and on the disk, and nothing that exists is replaced.
struct ImageCopy {
    /// What is copied, and what it is called for an image of that name.
    private static let parts: [@Sendable (String) -> String] = [
        { $0 }, { BootFiles.kernel(of: $0) }, { BootFiles.ramdisk(of: $0) },
    ]

    let source: URL
    let folder: URL

    /// - Returns: the file's name in the image folder.
    func run() throws -> String {
        // Before the copy, which may take minutes; the copy is looked at again.
        if exists(source.path) {
            _ = try ImageFile(source.path, attempt: "looking at \(source.lastPathComponent)").inspect()
        }
        try makeFolder()
        removeLeftovers()
        let boots = Self.parts.allSatisfy { exists($0(source.path)) }
        let parts = boots ? Self.parts : Array(Self.parts.prefix(1))
        let sources = parts.map { $0(source.path) }
        var unfinished: [(partial: String, part: Int)] = []
        defer { for (partial, _) in unfinished { unlink(partial) } }
        let total = try sources.reduce(0) { $0 + (try size($1)) }
        var progress = Progress("copying \(source.lastPathComponent)", total: total)
        var done: Int64 = 0
        for (part, path) in sources.enumerated() {
            let partial = folder.appendingPathComponent(".adding-\(getpid())-\(part)").path
            unfinished.append((partial, part))
            try copy(path, to: partial) { count in
                done += count
                progress.reached(done)
            }
        }
        progress.end()
        return try publish(unfinished)
    }

    /// Takes back what `run` put there.
    func remove(_ name: String) {
        for part in Self.parts { unlink(folder.appendingPathComponent(part(name)).path) }
    }

    private func makeFolder() throws {
        do {
            // As the daemon makes it: others may open what they know the name of, as the hypervisor's user must.
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o711])
        } catch {
            throw CommandFailure("the image folder \(folder.path) cannot be made: \(error.localizedDescription)")
        }
    }

    /// Of copies whose process is gone.
    private func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder.path)) ?? []
        for name in names where name.hasPrefix(".adding-") {
            guard let process = pid_t(name.dropFirst(8).prefix { $0.isNumber }), kill(process, 0) != 0, errno == ESRCH
            else { continue }
            unlink(folder.appendingPathComponent(name).path)
        }
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    private func size(_ path: String) throws -> Int64 {
        var facts = stat()
        guard stat(path, &facts) == 0 else { throw failure("reading", path) }
        guard facts.st_mode & S_IFMT == S_IFREG else { throw CommandFailure("\(path) is no regular file") }
        return Int64(facts.st_size)
    }

    private func copy(_ path: String, to partial: String, _ progress: (Int64) -> Void) throws {
        let input = open(path, O_RDONLY | O_CLOEXEC)
        guard input >= 0 else { throw failure("reading", path) }
        defer { close(input) }
        let output = open(partial, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard output >= 0 else { throw failure("making", partial) }
        defer { close(output) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        var length: off_t = 0
        while true {
            let count = read(input, &buffer, buffer.count)
            if count < 0 && errno == EINTR { continue }
            guard count >= 0 else { throw failure("reading", path) }
            if count == 0 { break }
            length += off_t(count)
            // Holes stay holes: a raw image is mostly empty.
            if buffer[..<count].allSatisfy({ $0 == 0 }) {
                guard lseek(output, off_t(count), SEEK_CUR) >= 0 else { throw failure("writing", partial) }
            } else {
                try write(buffer[..<count], to: output, partial)
            }
            progress(Int64(count))
        }
        guard ftruncate(output, length) == 0 else { throw failure("writing", partial) }
        guard fchmod(output, 0o644) == 0, fsync(output) == 0 else { throw failure("writing", partial) }
    }

    private func write(_ bytes: ArraySlice<UInt8>, to descriptor: Int32, _ path: String) throws {
        let code = FileBytes.write(bytes, to: descriptor)
        if code != 0 { throw failure("writing", path, code: code) }
    }

    /// Kernel and ramdisk first, so that the image never stands there without them.
    private func publish(_ unfinished: [(partial: String, part: Int)]) throws -> String {
        var attempt = 1
        while true {
            let name = numbered(attempt)
            if try link(unfinished.reversed(), as: name) { break }
            attempt += 1
        }
        let code = FileBytes.sync(folder.path)
        if code != 0 { throw failure("writing", folder.path, code: code) }
        return numbered(attempt)
    }

    /// False when a file of that name is there already.
    private func link(_ files: [(partial: String, part: Int)], as name: String) throws -> Bool {
        var made: [String] = []
        for (partial, part) in files {
            let path = folder.appendingPathComponent(Self.parts[part](name)).path
            guard Foundation.link(partial, path) == 0 else {
                let number = errno
                for path in made { unlink(path) }
                guard number == EEXIST else { throw failure("making", path) }
                return false
            }
            made.append(path)
        }
        return true
    }

    /// `desk.qcow2`, `desk-2.qcow2`...
    private func numbered(_ attempt: Int) -> String {
        let name = source.lastPathComponent
        guard attempt > 1 else { return name }
        let dot = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : $0 } ?? name.endIndex
        return "\(name[..<dot])-\(attempt)\(name[dot...])"
    }

    private func failure(_ verb: String, _ path: String, code number: Int32 = errno) -> CommandFailure {
        let advice = number == ENOSPC || number == EDQUOT ? "; free space there" : ""
        return CommandFailure("\(verb) \(path): \(String(cString: strerror(number))) (errno \(number))\(advice)")
    }
}

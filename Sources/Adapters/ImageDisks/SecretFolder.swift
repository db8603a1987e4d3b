package import FarmModel
package import FarmPorts
import Glibc
import SystemCalls

/// Secrets as files of mode 0600, `<farm>-<vm>.secret`, in a folder that this type makes (it belongs below
/// /run: secrets do not outlive the machine). The folder has mode 0711: nobody else can list it, but an
/// emulator that runs as a user of its own, as Debian's libvirt has it, reaches the one file that libvirt
/// makes that user's for as long as the VM runs. With 0700 such a VM does not start (tried).
package struct SecretFolder: SecretFiles {
    private let farm: FarmID
    private let folder: String
    private let calls = BlockingCalls("qvd.secrets", limit: FileCalls.limit)

    /// - Parameter folder: absolute; its parent exists.
    package init(farm: FarmID, folder: String) {
        self.farm = farm
        self.folder = folder
    }

    package func hand(_ secret: AgentSecret, to vm: VMID) async throws(PortError) -> String {
        let path = "\(folder)/\(file(of: vm))"
        let attempt = "writing the secret of VM \(vm)"
        try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            try makeFolder(attempt: attempt)
            let partial = try partialFiles.make("\(vm)", attempt: attempt)
            defer { partial.end() }
            try write(secret, to: partial.path, attempt: attempt)
            try FileCalls.rename(partial.path, to: path, attempt: attempt)
        }
        return path
    }

    package func path(of vm: VMID) async throws(PortError) -> String? {
        let attempt = "looking for the secret of VM \(vm)"
        return try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            let path = "\(folder)/\(file(of: vm))"
            if access(path, F_OK) == 0 { return path }
            guard errno == ENOENT else {
                throw FileCalls.error(errno, attempt: attempt, path: path)
            }
            return nil
        }
    }

    package func remove(of vm: VMID) async throws(PortError) {
        let attempt = "removing the secret of VM \(vm)"
        try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            try FileCalls.remove("\(folder)/\(file(of: vm))", attempt: attempt)
        }
    }

    package func observe() async throws(PortError) -> [VMID] {
        let attempt = "listing the secrets of farm \(farm)"
        return try await calls.run(attempt, about: "the list of secrets") { () throws(PortError) in
            try makeFolder(attempt: attempt)
            try partialFiles.collect(attempt: attempt)
            return try FileCalls.listing(folder, attempt: attempt).compactMap(vm(ofFile:)).sorted()
        }
    }

    private func write(_ secret: AgentSecret, to path: String, attempt: String) throws(PortError) {
        let descriptor = open(path, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw FileCalls.error(errno, attempt: attempt, path: path) }
        defer { close(descriptor) }
        let code = FileBytes.write(Array(secret.text.utf8)[...], to: descriptor)
        if code != 0 { throw FileCalls.error(code, attempt: attempt, path: path) }
        if fsync(descriptor) != 0 { throw FileCalls.error(errno, attempt: attempt, path: path) }
    }

    private func makeFolder(attempt: String) throws(PortError) {
        if mkdir(folder, 0o700) == 0 {
            // Not left to the process's umask.
            if chmod(folder, 0o711) != 0 { throw FileCalls.error(errno, attempt: attempt, path: folder) }
            return
        }
        let code = errno
        guard code == EEXIST else { throw FileCalls.error(code, attempt: attempt, path: folder) }
        guard let status = try FileCalls.status(folder, attempt: attempt), status.st_mode & S_IFMT == S_IFDIR
        else {
            throw PortError(.rejected, .invalid, attempt: attempt, detail: "\(folder) is not a folder")
        }
        guard status.st_mode & 0o066 == 0, status.st_uid == geteuid() else {
            throw PortError(
                .rejected, .denied, attempt: attempt,
                detail:
                    "\(folder) must be this user's own with mode 0711; run: chown \(geteuid()) and chmod 0711"
            )
        }
        // An earlier version made it with 0700.
        guard status.st_mode & 0o777 != 0o711 else { return }
        if chmod(folder, 0o711) != 0 { throw FileCalls.error(errno, attempt: attempt, path: folder) }
    }

    /// What calls are about.
    private func words(_ vm: VMID) -> String { "the secret of VM \(vm)" }

    private var partialFiles: PartialFiles { PartialFiles(farm: farm, folder: folder) }

    private func file(of vm: VMID) -> String { "\(farm)-\(vm).secret" }

    private func vm(ofFile file: String) -> VMID? {
        guard file.hasSuffix(".secret"), file.hasPrefix("\(farm)-"),
            let number = Int64(file.dropFirst(farm.text.count + 1).dropLast(7)),
            self.file(of: VMID(number)) == file
        else { return nil }
        return VMID(number)
    }
}

import DiskHeaders
package import FarmModel
package import FarmPorts
import Glibc
import SystemCalls

/// Disks as files: base images, qcow2 overlays made by `qemu-img`, and sparse raw user disks, in three
/// folders.
///
/// A file becomes visible under its final name only when it is whole and on the disk (partial name, fsync,
/// rename; link for user disks, which must never replace anything).
///
/// A file call that does not return in time is answered as unknown; until it returns, every other call about the same
/// VM's disks is refused, so that what it may still do meets nothing newer.
package struct ImageDisks: DiskStorage {
    private let farm: FarmID
    private let folders: DiskFolders
    private let command: QemuImage
    private let images: ImageInspection
    private let calls: BlockingCalls

    /// - Parameters:
    ///   - command: `qemu-img`, a name to look up in PATH or an absolute path.
    ///   - limit: how long a file call may take.
    package init(farm: FarmID, folders: DiskFolders, command: String = "qemu-img", limit: Duration? = nil) {
        self.farm = farm
        self.folders = folders
        self.command = QemuImage(command: command, limit: limit ?? QemuImage.limit)
        calls = BlockingCalls("qvd.disks", limit: limit ?? FileCalls.limit)
        images = ImageInspection(folder: folders.images, calls: calls)
    }

    package func inspect(imageFile: String) async throws(PortError) -> ImageFacts {
        try await images.inspect(imageFile)
    }

    package func prepareOverlay(
        _ specification: OverlaySpecification
    ) async throws(PortError) -> DiskAttachment {
        let vm = specification.vm
        let attempt = "making the overlay of VM \(vm) on image \(specification.imageFile)"
        let base = try await images.inspect(specification.imageFile)
        let name = DiskName.overlay(vm: vm, image: specification.image)
        let path = self.path(name)
        let exists = try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            try isRegularFile(path, attempt: attempt)
        }
        if exists && specification.keepsExisting {
            try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
                try requireUsable(path, over: base, attempt: attempt)
            }
        } else {
            try await makeOverlay(name, on: base, attempt: attempt)
        }
        do throws(PortError) {
            try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
                try removeOverlays(of: vm, except: name, attempt: attempt)
            }
        } catch {
            throw error.afterPartOfTheWork
        }
        return .file(path: path, format: .qcow2, base: DiskFile(path: base.path, format: base.format))
    }

    package func ensureUserDisk(of vm: VMID, size: Mebibytes) async throws(PortError) -> DiskAttachment {
        let attempt = "making the user disk of VM \(vm) (\(size))"
        let path = self.path(.user(vm: vm))
        try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            if try isRegularFile(path, attempt: attempt) { return }
            guard size.bytes > 0 else {
                throw PortError(
                    .rejected, .invalid, attempt: attempt, detail: "a disk has a size of 1 MiB or more")
            }
            let partial = try partialFiles(folders.homes).make("\(vm)", attempt: attempt)
            defer { partial.end() }
            if truncate(partial.path, off_t(size.bytes)) != 0 {
                throw FileCalls.error(errno, attempt: attempt, path: partial.path)
            }
            try FileCalls.sync(partial.path, attempt: attempt)
            // Unlike rename, link fails when the name is taken: a disk can only ever be added.
            if link(partial.path, path) != 0 && errno != EEXIST {
                throw FileCalls.error(errno, attempt: attempt, path: path)
            }
            try Self.syncAfterChange(folders.homes, attempt: attempt)
        }
        return .file(path: path, format: .raw)
    }

    package func removeOverlays(of vm: VMID) async throws(PortError) {
        let attempt = "removing the overlays of VM \(vm)"
        try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            try removeOverlays(of: vm, except: nil, attempt: attempt)
        }
    }

    package func deleteUserDisk(of vm: VMID) async throws(PortError) {
        let attempt = "deleting the user disk of VM \(vm)"
        try await calls.run(attempt, about: words(vm)) { () throws(PortError) in
            try FileCalls.remove(path(.user(vm: vm)), attempt: attempt)
            try Self.syncAfterChange(folders.homes, attempt: attempt)
        }
    }

    package func observe() async throws(PortError) -> [ObservedDisk] {
        let attempt = "listing the disks of farm \(farm)"
        return try await calls.run(attempt, about: "the list of disks") { () throws(PortError) in
            var overlays: [(VMID, Int64, ObservedDisk)] = []
            for folder in Set([folders.overlays, folders.homes]).sorted() {
                try partialFiles(folder).collect(attempt: attempt)
                for file in try FileCalls.listing(folder, attempt: attempt) {
                    guard let name = DiskName(file: file, of: farm) else { continue }
                    let path = "\(folder)/\(file)"
                    // Gone since it was listed, or a folder with a disk's name: no disk.
                    guard let status = try FileCalls.status(path, attempt: attempt),
                        status.st_mode & S_IFMT == S_IFREG, path == self.path(name)
                    else { continue }
                    let used = Int64(status.st_blocks) * 512  // stat(2): always units of 512
                    overlays.append(
                        (
                            name.vm, name.order,
                            ObservedDisk(vm: name.vm, kind: name.kind, path: path, usedBytes: used)
                        ))
                }
            }
            return overlays.sorted { ($0.0, $0.1) < ($1.0, $1.1) }.map(\.2)
        }
    }

    /// Of the storage of the overlays, where a start fails first.
    package func space() async throws(PortError) -> StorageSpace {
        let attempt = "asking for free space"
        return try await calls.run(attempt, about: "free space") { () throws(PortError) in
            let space = try FileCalls.space(at: folders.overlays, attempt: attempt)
            return StorageSpace(freeBytes: space.free, totalBytes: space.total)
        }
    }

    // MARK: Overlays

    private func makeOverlay(_ name: DiskName, on base: ImageFacts, attempt: String) async throws(PortError) {
        let partials = partialFiles(folders.overlays)
        let folder = folders.overlays
        let partial = try await calls.run(attempt, about: words(name.vm), late: { $0.end() }) {
            () throws(PortError) in
            try partials.make("\(name.vm)", attempt: attempt)
        }
        do throws(PortError) {
            try await fill(partial.path, with: base, attempt: attempt)
        } catch {
            // The failure is told, and not what became of its leftover, which a later call collects.
            _ = try? await calls.run(attempt, about: words(name.vm)) { () throws(PortError) in partial.end() }
            throw error
        }
        let path = self.path(name)
        try await calls.run(attempt, about: words(name.vm)) { () throws(PortError) in
            defer { partial.end() }
            try FileCalls.sync(partial.path, attempt: attempt)
            try FileCalls.rename(partial.path, to: path, attempt: attempt)
            try Self.syncAfterChange(folder, attempt: attempt)
        }
    }

    private func fill(_ partial: String, with base: ImageFacts, attempt: String) async throws(PortError) {
        // With -u and the size nothing opens the base image, whose size is known.
        let answer = try await command.run(
            [
                "create", "-q", "-u", "-f", "qcow2", "-F", base.format.rawValue, "-b", base.path, "--", partial,
                "\(base.virtualSize)",
            ], attempt: attempt)
        guard answer.exitCode == 0 else {
            let reason = QemuImage.reason(answer.complaint)
            let space =
                reason != .noSpace
                ? ""
                : try await calls.run(attempt, about: "free space") { () throws(PortError) in
                    FileCalls.freeSpaceWords(near: partial)
                }
            throw PortError(
                .rejected, reason, attempt: attempt,
                detail: "qemu-img create ended with \(answer.exitCode): \(answer.complaint.prefix(400))\(space)")
        }
    }

    /// The change is there already; whether it outlives a power cut is what a failure leaves unknown.
    private static func syncAfterChange(_ folder: String, attempt: String) throws(PortError) {
        do throws(PortError) {
            try FileCalls.sync(folder, attempt: attempt)
        } catch {
            throw error.afterPartOfTheWork
        }
    }

    private func requireUsable(_ path: String, over base: ImageFacts, attempt: String) throws(PortError) {
        let file = try ReadOnlyFile(path, followsLinks: false, attempt: attempt)
        let start = try file.read(0..<Int64(ImageHeader.length), attempt: attempt)
        do throws(ImageRefusal) {
            try ImageRules.checkOverlay(start, over: base.path, format: base.format.rawValue)
        } catch {
            throw PortError(
                .rejected, .corrupt, attempt: attempt,
                detail: "the kept overlay \(path) \(error.words); \(error.overlayRemedy(for: path))")
        }
    }

    private func removeOverlays(of vm: VMID, except kept: DiskName?, attempt: String) throws(PortError) {
        try partialFiles(folders.overlays).collect(attempt: attempt)
        var removed = false
        for file in try FileCalls.listing(folders.overlays, attempt: attempt) {
            guard let name = DiskName(file: file, of: farm), case .overlay(vm, _) = name, name != kept else {
                continue
            }
            do throws(PortError) {
                try FileCalls.remove("\(folders.overlays)/\(file)", attempt: attempt)
            } catch {
                throw removed ? error.afterPartOfTheWork : error
            }
            removed = true
        }
        if removed { try Self.syncAfterChange(folders.overlays, attempt: attempt) }
    }

    // MARK: Names

    /// What calls are about.
    private func words(_ vm: VMID) -> String { "the disks of VM \(vm)" }

    private func path(_ name: DiskName) -> String {
        let folder =
            switch name {
            case .overlay: folders.overlays
            case .user: folders.homes
            }
        return "\(folder)/\(name.file(of: farm))"
    }

    private func partialFiles(_ folder: String) -> PartialFiles { PartialFiles(farm: farm, folder: folder) }

    /// False when there is nothing; an error when there is something else than a file.
    private func isRegularFile(_ path: String, attempt: String) throws(PortError) -> Bool {
        guard let status = try FileCalls.status(path, attempt: attempt) else { return false }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw PortError(
                .rejected, .invalid, attempt: attempt,
                detail: "\(path) is not a regular file; move it away, this name belongs to the farm's disk")
        }
        return true
    }
}

extension DiskName {
    fileprivate var kind: ObservedDisk.Kind {
        switch self {
        case .overlay(_, let image): .overlay(of: image)
        case .user: .user
        }
    }

    /// Overlays by image, then the user disk.
    fileprivate var order: Int64 {
        switch self {
        case .overlay(_, let image): image.rawValue
        case .user: .max
        }
    }
}

import Glibc
import NodeConfiguration

/// The folders that the daemon works in, made when they are missing. That of the secrets makes whoever writes them.
enum RunFolders {
    static func prepare(_ configuration: NodeConfiguration) throws {
        let paths = configuration.paths
        for folder in [paths.run, paths.log, "\(paths.log)/console"] { try make(folder, mode: 0o755) }
        try make("\(paths.run)/dhcp", mode: 0o755)
        for folder in [paths.images, paths.overlays, paths.homes] { try make(folder, mode: 0o711) }
        for storage in paths.moreStorages {
            // Its own folder is the operator's to make: one that is missing may be storage that is not mounted.
            for folder in [storage.overlays, storage.homes] { try makeInside(folder, mode: 0o711) }
        }
        for file in [paths.routerKey, paths.routerCertificate] { try make(parent(of: file), mode: 0o755) }
    }

    static func parent(of path: String) -> String {
        let parts = path.split(separator: "/").dropLast()
        return "/" + parts.joined(separator: "/")
    }

    private static func makeInside(_ folder: String, mode: mode_t) throws {
        guard isThere(folder, mode) else {
            throw SystemFailure(
                errno, "making the folder \(folder)", advice: "mount that storage, or correct path.storage.more")
        }
    }

    private static func make(_ folder: String, mode: mode_t) throws {
        var path = ""
        let parts = folder.split(separator: "/")
        for (index, part) in parts.enumerated() {
            path += "/\(part)"
            let mode = index == parts.count - 1 ? mode : 0o755
            guard isThere(path, mode) else { throw SystemFailure(errno, "making the folder \(path)") }
        }
    }

    /// Makes the folder if it is missing; false with `errno` when it cannot. Its mode is not left to the process's
    /// umask: an emulator that runs as a user of its own goes through it.
    private static func isThere(_ folder: String, _ mode: mode_t) -> Bool {
        mkdir(folder, mode) == 0 ? chmod(folder, mode) == 0 : errno == EEXIST
    }
}

import Foundation

/// A folder below /tmp for one test, with whatever file system is asked for, gone at the end.
package final class ScratchFolder: Sendable {
    package let path: String
    private let isMount: Bool

    package init(_ name: String) throws {
        path = try Self.make(name)
        isMount = false
    }

    private init(mounted path: String) {
        self.path = path
        isMount = true
    }

    /// A real ext4 of this size on a loop device. Needs private namespaces.
    package static func ext4(_ name: String, megabytes: Int) async throws -> ScratchFolder {
        try PrivateNamespaces.require()
        let path = try make(name)
        let image = path + ".ext4"
        try await RigCommand.run("truncate", "-s", "\(megabytes)M", image)
        try await RigCommand.run("mkfs.ext4", "-q", "-m", "0", image)
        try await RigCommand.run("mount", "-o", "loop", image, path)
        try FileManager.default.removeItem(atPath: image)  // lives as long as it is mounted
        return ScratchFolder(mounted: path)
    }

    package func folder(_ name: String) throws -> String {
        let folder = "\(path)/\(name)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    package func remove() async throws {
        if isMount { try await RigCommand.run("umount", "-l", path) }
        try FileManager.default.removeItem(atPath: path)
    }

    private static func make(_ name: String) throws -> String {
        let path = "/tmp/qvd-\(name)-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
        return path
    }
}

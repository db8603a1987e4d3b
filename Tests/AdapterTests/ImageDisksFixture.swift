import FarmModel
import Foundation
import ImageDisks
import NodeRig
import PortContracts

/// Real disks: an ext4 file system of its own for what is written, and images made by `qemu-img`.
struct ImageDisksFixture: DiskStorageFixture {
    let port: ImageDisks
    let storage: ScratchFolder
    let folders: DiskFolders
    let goodImages = ["büro, 1&2.qcow2", "second.raw"]
    let directBootImage = "with-kernel.qcow2"
    let missingImage = "nowhere.qcow2"
    let corruptImages = ["garbage.qcow2", "truncated.qcow2", "empty.raw", "folder.qcow2"]

    static let farm = FarmID("00d15c")!

    init() async throws {
        storage = try await ScratchFolder.ext4("disks", megabytes: 64)
        folders = DiskFolders(
            images: try storage.folder("images, <&\" ü"), overlays: try storage.folder("overlays"),
            homes: try storage.folder("homes"))
        port = ImageDisks(farm: Self.farm, folders: folders)
        try await makeImages()
    }

    /// Gives a fixture to the body, and removes it whatever comes of that.
    static func run(_ body: (ImageDisksFixture) async throws -> Void) async throws {
        let fixture = try await ImageDisksFixture()
        do {
            try await body(fixture)
        } catch {
            try await fixture.end()
            throw error
        }
        try await fixture.end()
    }

    func end() async throws { try await storage.remove() }

    private func makeImages() async throws {
        let raw = "\(folders.images)/\(goodImages[1])"
        try Data((0..<(2 << 20)).map { UInt8($0 % 251) }).write(to: URL(fileURLWithPath: raw))
        for image in [goodImages[0], directBootImage, "truncated.qcow2"] {
            try await RigCommand.run(
                "qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw, "\(folders.images)/\(image)")
        }
        for end in ["kernel", "initrd"] {
            try Data("x".utf8).write(to: URL(fileURLWithPath: "\(folders.images)/with-kernel.\(end)"))
        }
        let garbage = Data("this is no image, though it has the name of one".utf8)
        try garbage.write(to: URL(fileURLWithPath: "\(folders.images)/garbage.qcow2"))
        try Data().write(to: URL(fileURLWithPath: "\(folders.images)/empty.raw"))
        try FileManager.default.createDirectory(
            atPath: "\(folders.images)/folder.qcow2", withIntermediateDirectories: false)
        try await RigCommand.run("truncate", "-s", "1M", "\(folders.images)/truncated.qcow2")
    }

    // MARK: DiskStorageFixture

    func write(_ mark: String, to disk: DiskAttachment) async throws {
        let (path, format) = try file(disk)
        let source = "\(folders.homes)/mark"
        try Data(mark.utf8).write(to: URL(fileURLWithPath: source))
        defer { unlink(source) }
        try await RigCommand.run("qemu-io", "-f", format, "-c", "write -s \(source) 0 4096", path)
    }

    func holds(_ mark: String, _ disk: DiskAttachment) async throws -> Bool {
        let (path, format) = try file(disk)
        let copy = "/tmp/qvd-disk-start-\(UUID().uuidString)"
        defer { unlink(copy) }
        try await RigCommand.run(
            "qemu-img", "dd", "-f", format, "-O", "raw", "bs=4096", "count=1", "if=\(path)",
            "of=\(copy)")
        return try Data(contentsOf: URL(fileURLWithPath: copy)).starts(with: Data(mark.utf8))
    }

    func exists(_ path: String) async throws -> Bool { FileManager.default.fileExists(atPath: path) }

    func fingerprint(_ imageFile: String) async throws -> String {
        try await RigCommand.run("sha256sum", "\(folders.images)/\(imageFile)")
    }

    private var filler: String { "\(storage.path)/filler" }

    func fillUp() async throws {
        try await RigCommand.run("sync")
        for size in [1 << 20, 1 << 12] {  // whole mebibytes first, then block by block
            let descriptor = open(filler, O_WRONLY | O_CREAT | O_APPEND, 0o600)
            defer { close(descriptor) }
            let block = [UInt8](repeating: 7, count: size)
            while append(to: descriptor, block) > 0 {}
            fsync(descriptor)
        }
    }

    func makeRoom() async throws { try FileManager.default.removeItem(atPath: filler) }

    private func append(to descriptor: Int32, _ block: [UInt8]) -> Int {
        block.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
    }

    private func file(_ disk: DiskAttachment) throws -> (path: String, format: String) {
        guard case .file(let path, let format, _) = disk else { throw RigFailure("\(disk) is no file") }
        return (path, format.rawValue)
    }
}

package import FarmModel
import Simulator

/// A storage that outlives the nodes which mount it. What it holds is seen by all of them at once.
package final class SimulatedStorage: Sendable {
    private let confined: Confined<HostDisks>

    package init(id: StorageID = .standard, images: [String], totalBytes: Int64 = 1 << 42) {
        confined = Confined(HostDisks(id, images: images, totalBytes: totalBytes))
    }

    package var disks: HostDisks {
        get { confined.value }
        set { confined.value = newValue }
    }
}

/// A live domain as a lock names it: the domains of one VM have the same name on every node.
struct LockHolder: Sendable, Hashable {
    var node: NodeID
    var domain: DomainName
}

/// Images, overlays and user disks on a storage.
package struct HostDisks: Sendable {
    package struct Image: Sendable, Hashable {
        package var isCorrupt = false
        /// Whether kernel and initial ramdisk lie beside it.
        package var bringsKernel = false
        /// Grows when somebody writes to it, which must not happen.
        package var writes = 0
        package init() {}
    }

    package struct Overlay: Sendable, Hashable {
        package var image: ImageID
        package var imageFile: String
        /// Grows each time it is made anew.
        package var generation: Int
        /// What the guest wrote.
        package var marks: Set<String> = []

        package init(image: ImageID, imageFile: String, generation: Int) {
            self.image = image
            self.imageFile = imageFile
            self.generation = generation
        }
    }

    package struct UserDisk: Sendable, Hashable {
        package var size: Mebibytes
        /// 1 for the disk first made; a disk that came back is another disk.
        package var generation: Int
        /// What users saved on it.
        package var writes: Int
        package var marks: Set<String> = []

        package init(size: Mebibytes, generation: Int, writes: Int) {
            self.size = size
            self.generation = generation
            self.writes = writes
        }
    }

    package let id: StorageID
    package var images: [String: Image] = [:]
    package var overlays: [VMID: [ImageID: Overlay]] = [:]
    package var userDisks: [VMID: UserDisk] = [:]
    package var generations = 0
    /// Which live domain, on which node, holds the write lock of which overlay.
    var locks: [String: LockHolder] = [:]
    package var totalBytes: Int64
    package var freeBytes: Int64

    package init(_ id: StorageID = .standard, images: [String], totalBytes: Int64) {
        self.id = id
        for name in images { self.images[name] = Image() }
        self.totalBytes = totalBytes
        freeBytes = totalBytes
    }

    /// What all paths on a storage begin with.
    static func folder(of id: StorageID) -> String { id == .standard ? "" : "/storages/\(id)" }

    package static func overlayPath(_ vm: VMID, _ image: ImageID, on id: StorageID = .standard) -> String {
        "\(folder(of: id))/overlays/\(vm)-\(image).qcow2"
    }
    package static func userDiskPath(_ vm: VMID, on id: StorageID = .standard) -> String {
        "\(folder(of: id))/homes/\(vm).raw"
    }
    package static func imagePath(_ file: String, on id: StorageID = .standard) -> String {
        "\(folder(of: id))/images/\(file)"
    }

    func overlay(_ vm: VMID, _ image: ImageID) -> DiskAttachment {
        let base = overlays[vm]?[image].map { DiskFile(path: Self.imagePath($0.imageFile, on: id), format: .qcow2) }
        return .file(path: Self.overlayPath(vm, image, on: id), format: .qcow2, base: base)
    }
    func userDisk(_ vm: VMID) -> DiskAttachment { .file(path: Self.userDiskPath(vm, on: id), format: .raw) }
}

/// A disk as the hypervisor gets it from the storage that holds it.
package enum DiskAttachment: Sendable, Hashable {
    /// A disk image of this format; over another one, if it is a layer. Nothing below that is opened.
    case file(path: String, format: DiskFormat, base: DiskFile? = nil)
    /// A block device; its content is the disk's.
    case block(path: String)
    /// A directory of files: for containers only.
    case directory(path: String)

    /// Absolute.
    package var path: String {
        switch self {
        case .file(let path, _, _), .block(let path), .directory(let path): path
        }
    }
}

/// A disk image in a file.
package struct DiskFile: Sendable, Hashable {
    /// Absolute.
    package let path: String
    package let format: DiskFormat

    package init(path: String, format: DiskFormat) {
        self.path = path
        self.format = format
    }
}

/// The raw value is QEMU's word for it.
package enum DiskFormat: String, Sendable, Hashable { case qcow2, raw }

/// What is known of a base image after a look at its file.
package struct ImageFacts: Sendable, Hashable {
    package var path: String
    package var format: DiskFormat
    package var virtualSize: Int64
    /// When a kernel and an initial ramdisk lie beside the image (`x.kernel` and `x.initrd` beside `x.qcow2`).
    package var directBoot: DirectBoot?

    package init(path: String, format: DiskFormat, virtualSize: Int64, directBoot: DirectBoot?) {
        self.path = path
        self.format = format
        self.virtualSize = virtualSize
        self.directBoot = directBoot
    }
}

package struct OverlaySpecification: Sendable, Hashable {
    package var vm: VMID
    package var image: ImageID
    /// File name of the base image inside the image folder.
    package var imageFile: String
    /// Keep an overlay of the same image that exists; otherwise make a fresh one.
    package var keepsExisting: Bool

    package init(vm: VMID, image: ImageID, imageFile: String, keepsExisting: Bool) {
        self.vm = vm
        self.image = image
        self.imageFile = imageFile
        self.keepsExisting = keepsExisting
    }
}

/// What a storage has made ready for a VM's start: all that its domain needs of storage.
package struct PreparedDisks: Sendable, Hashable {
    package let storage: StorageID
    package let disks: DomainDisks
    /// What the image brings to be booted with.
    package let directBoot: DirectBoot?

    package init(storage: StorageID, disks: DomainDisks, directBoot: DirectBoot?) {
        self.storage = storage
        self.disks = disks
        self.directBoot = directBoot
    }
}

/// A disk of this farm that exists.
package struct ObservedDisk: Sendable, Hashable {
    package enum Kind: Sendable, Hashable {
        case overlay(of: ImageID)
        case user
    }

    package var vm: VMID
    package var kind: Kind
    package var path: String
    /// Bytes taken on the storage.
    package var usedBytes: Int64

    package init(vm: VMID, kind: Kind, path: String, usedBytes: Int64) {
        self.vm = vm
        self.kind = kind
        self.path = path
        self.usedBytes = usedBytes
    }
}

package struct StorageSpace: Sendable, Hashable {
    package var freeBytes: Int64
    package var totalBytes: Int64

    package init(freeBytes: Int64, totalBytes: Int64) {
        self.freeBytes = freeBytes
        self.totalBytes = totalBytes
    }
}

/// An operating system flavour (OSF): what its desktops have in common.
package struct OSFlavour: Sendable, Hashable, Codable {
    package let id: OSFID
    package let tenant: TenantID
    package var name: String
    /// What each VM gets; 64 MiB or more.
    package var memory: Mebibytes
    /// Virtual processors of each VM, 1 or more; nil for what the node says (`vm.kvm.cpus`).
    package var cpus: Int?
    /// Size of a user disk when it is made; 0 means none. A disk that exists is never resized or remade.
    package var userDiskSize: Mebibytes
    /// False (the default): each start gets a fresh overlay. True: the overlay lives until the image changes.
    package var keepsOverlay: Bool

    package init(
        id: OSFID, tenant: TenantID, name: String, memory: Mebibytes, cpus: Int? = nil, userDiskSize: Mebibytes,
        keepsOverlay: Bool
    ) {
        self.id = id
        self.tenant = tenant
        self.name = name
        self.memory = memory
        self.cpus = cpus
        self.userDiskSize = userDiskSize
        self.keepsOverlay = keepsOverlay
    }

    /// What one of its VMs takes of a node. Where the OSF leaves the processors to the node, the standard of
    /// `vm.kvm.cpus` counts.
    package var need: Resources { Resources(memory: memory, cpus: cpus ?? Self.usualCPUs) }

    package static let usualCPUs = 2
}

/// A disk image (DI): one version of an OSF, one read-only file in the image storage.
package struct DiskImage: Sendable, Hashable, Codable {
    package let id: ImageID
    package let osf: OSFID
    /// File name inside the image folder.
    package var file: String
    /// `YYYY-MM-DD-NNN` unless the operator named it; unique in the OSF.
    package var version: String
    /// Sorted; includes the version (a fixed tag) and perhaps `head` and `default`.
    package var tags: [String]
    package var isBlocked: Bool

    package init(id: ImageID, osf: OSFID, file: String, version: String, tags: [String], isBlocked: Bool = false) {
        self.id = id
        self.osf = osf
        self.file = file
        self.version = version
        self.tags = tags
        self.isBlocked = isBlocked
    }
}

/// One thing an administrator does to the farm. Each is one transaction with one audit record.
/// Names stand for objects as people write them; a user is `login` or `login@tenant`.
package enum AdministrationCommand: Sendable, Hashable {
    case addTenant(name: String)
    case setTenant(TenantID, isBlocked: Bool)
    case deleteTenant(TenantID)

    /// The hash comes from `PasswordHasher`; the password itself never gets here.
    case addUser(tenant: TenantID, login: String, passwordHash: String)
    case setUser(UserID, passwordHash: String?, isBlocked: Bool?)
    case deleteUser(UserID)

    /// 0 CPUs leave their number to the node.
    case addOSF(
        tenant: TenantID, name: String, memory: Mebibytes, cpus: Int = 0, userDiskSize: Mebibytes, keepsOverlay: Bool)
    case setOSF(
        OSFID, name: String?, memory: Mebibytes?, cpus: Int? = nil, userDiskSize: Mebibytes?, keepsOverlay: Bool?)
    case deleteOSF(OSFID)

    /// Without a version the store takes `YYYY-MM-DD-NNN` of the day given. The new image gets its version and
    /// `head` as tags, and `default` when the OSF has none with it.
    case addImage(osf: OSFID, file: String, version: String?, day: String)
    case setImage(ImageID, isBlocked: Bool)
    /// Moves the tag to this image from whichever image of the OSF has it. A version tag is fixed.
    case tagImage(ImageID, tag: String)
    case untagImage(ImageID, tag: String)
    /// Refused while a VM that is not stopped runs on it, or it holds `default` or `head` and is not the last.
    case deleteImage(ImageID)

    /// How much of it may be given to VMs: 0 for no limit.
    case addNode(name: String, address: IPv4Address, memory: Mebibytes = Mebibytes(0), cpus: Int = 0)
    case setNode(NodeID, isBlocked: Bool? = nil, memory: Mebibytes? = nil, cpus: Int? = nil)
    /// From now on it takes no VM that does not run there yet. Its desktops go on, and their users come in.
    case drain(NodeID)
    /// It takes VMs again.
    case resume(NodeID)
    /// Refused while VMs are assigned to it.
    case deleteNode(NodeID)

    /// The address is the highest free one unless given.
    case addVM(
        name: String, user: UserID, osf: OSFID, tag: String, address: IPv4Address?, storage: StorageID = .standard)
    case setVM(VMID, name: String?, tag: String?, isBlocked: Bool?)
    /// Refused unless the VM is stopped and nobody wants it to run. Its user disk stays, or is deleted too: by a node,
    /// soon.
    case deleteVM(VMID, deletesUserDisk: Bool = false)
    /// A node that has the storage deletes the disk, soon. Refused while the VM has a row.
    case deleteUserDisk(UserDiskID)
    /// Places the VM on a node that is running, not blocked and has room for it, and wants it to run: on this node, or
    /// on the one that the farm's policy chooses. On a VM that already runs or starts it changes nothing.
    case startVM(VMID, node: NodeID?)
    case stopVM(VMID)
    /// Says what becomes of a domain without a row (removes it at the node's next look).
    case abandonDomain(VMID, node: NodeID)

    case setProperty(PropertyOwner, key: String, value: String)
    case deleteProperty(PropertyOwner, key: String)
    case setConfiguration(key: String, value: String)
    case deleteConfiguration(key: String)
}

/// What a command made or touched.
package enum AdministrationResult: Sendable, Hashable {
    case done
    case tenant(TenantID)
    case user(UserID)
    case osf(OSFID)
    case image(ImageID)
    case node(NodeID)
    case vm(VMID)
    /// Where a VM that was wanted to run runs or will.
    case placed(VMID, on: NodeID)
}

/// One line of the audit trail.
package struct AuditRecord: Sendable, Hashable, Codable {
    package var at: WallTime
    /// `root (uid 0) by qvd`, `user alice@default from 10.3.0.1`.
    package var actor: String
    /// The command in words, secrets left out.
    package var action: String
    /// `done`, or the refusal.
    package var outcome: String

    package init(at: WallTime, actor: String, action: String, outcome: String) {
        self.at = at
        self.actor = actor
        self.action = action
        self.outcome = outcome
    }
}

extension AdministrationCommand {
    /// Tells two commands apart, without saying any of the secrets that a command may hold: an FNV-1a hash of its text.
    package var fingerprint: Int64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in String(describing: self).utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
        return Int64(bitPattern: hash)
    }
}

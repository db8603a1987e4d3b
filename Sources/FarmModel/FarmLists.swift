// What lists of the farm are asked for, and what they show: typed filters, pages, and rows in which the names of other
// objects are filled in.

/// A part of a list: the objects with numbers above `after`, by number, at most `limit` of them.
package struct ListPage: Sendable, Hashable {
    package static let limits = 1...1000

    /// 0 begins the list; the number of the last object that was read goes on with it.
    package var after: Int64
    package let limit: Int

    /// - Parameter limit: brought into `limits`.
    package init(after: Int64 = 0, limit: Int = 1000) {
        self.after = after
        self.limit = min(max(limit, Self.limits.lowerBound), Self.limits.upperBound)
    }
}

/// In all filters nil lets everything through.
package struct TenantFilter: Sendable, Hashable {
    package var id: TenantID?

    package init(id: TenantID? = nil) { self.id = id }
}

package struct UserFilter: Sendable, Hashable {
    package var id: UserID?
    package var tenant: TenantID?

    package init(id: UserID? = nil, tenant: TenantID? = nil) {
        self.id = id
        self.tenant = tenant
    }
}

package struct OSFFilter: Sendable, Hashable {
    package var id: OSFID?
    package var tenant: TenantID?

    package init(id: OSFID? = nil, tenant: TenantID? = nil) {
        self.id = id
        self.tenant = tenant
    }
}

package struct ImageFilter: Sendable, Hashable {
    package var id: ImageID?
    package var osf: OSFID?
    /// Of the OSF.
    package var tenant: TenantID?

    package init(id: ImageID? = nil, osf: OSFID? = nil, tenant: TenantID? = nil) {
        self.id = id
        self.osf = osf
        self.tenant = tenant
    }
}

package struct NodeFilter: Sendable, Hashable {
    package var id: NodeID?

    package init(id: NodeID? = nil) { self.id = id }
}

package struct VMFilter: Sendable, Hashable {
    package var id: VMID?
    /// Of the user.
    package var tenant: TenantID?
    package var user: UserID?
    /// Where it is assigned.
    package var node: NodeID?
    package var state: VMState?

    package init(
        id: VMID? = nil, tenant: TenantID? = nil, user: UserID? = nil, node: NodeID? = nil, state: VMState? = nil
    ) {
        self.id = id
        self.tenant = tenant
        self.user = user
        self.node = node
        self.state = state
    }
}

package struct TenantListing: Sendable, Hashable {
    package let tenant: Tenant
    package let users: Int
    package let osfs: Int

    package init(tenant: Tenant, users: Int, osfs: Int) {
        self.tenant = tenant
        self.users = users
        self.osfs = osfs
    }
}

package struct UserListing: Sendable, Hashable {
    package let user: User
    package let tenant: String
    package let vms: Int
    /// How many of the VMs have a session.
    package let connected: Int

    package init(user: User, tenant: String, vms: Int, connected: Int) {
        self.user = user
        self.tenant = tenant
        self.vms = vms
        self.connected = connected
    }
}

package struct OSFListing: Sendable, Hashable {
    package let osf: OSFlavour
    package let tenant: String
    package let images: Int
    package let vms: Int

    package init(osf: OSFlavour, tenant: String, images: Int, vms: Int) {
        self.osf = osf
        self.tenant = tenant
        self.images = images
        self.vms = vms
    }
}

package struct ImageListing: Sendable, Hashable {
    package let image: DiskImage
    package let osf: String
    /// How many VMs that are not stopped run on it.
    package let running: Int

    package init(image: DiskImage, osf: String, running: Int) {
        self.image = image
        self.osf = osf
        self.running = running
    }
}

package struct NodeListing: Sendable, Hashable {
    package let node: Node
    /// How many VMs are assigned to it.
    package let vms: Int
    /// What these take of it.
    package let reserved: Resources

    package init(_ load: NodeLoad) {
        node = load.node
        vms = load.vms
        reserved = load.reserved
    }
}

package struct VMListing: Sendable, Hashable {
    package let vm: VirtualMachine
    package let login: String
    package let tenant: String
    package let osf: String
    /// The name of the node it is assigned to.
    package let node: String?
    package let session: Session?

    package init(vm: VirtualMachine, login: String, tenant: String, osf: String, node: String?, session: Session?) {
        self.vm = vm
        self.login = login
        self.tenant = tenant
        self.osf = osf
        self.node = node
        self.session = session
    }
}

/// One property of one object.
package struct PropertyListing: Sendable, Hashable {
    package let owner: PropertyOwner
    /// A user's login with its tenant unless that is `default`, an image's file, the others' names.
    package let name: String
    package let key: String
    package let value: String

    package init(owner: PropertyOwner, name: String, key: String, value: String) {
        self.owner = owner
        self.name = name
        self.key = key
        self.value = value
    }
}

/// How much of everything a farm has.
package struct FarmCounts: Sendable, Hashable {
    package var tenants = 0
    package var users = 0
    package var osfs = 0
    package var images = 0
    package var nodes = 0
    package var nodesRunning = 0
    package var sessions = 0
    /// States without a VM are left out.
    package var vmStates: [VMState: Int] = [:]

    package init() {}

    package var vms: Int { vmStates.values.reduce(0, +) }
}

/// A user's desktop. What is wanted and what is are separate; see `Intent` and `Observation`.
package struct VirtualMachine: Sendable, Hashable, Codable {
    package let id: VMID
    package var name: String
    package let user: UserID
    package let osf: OSFID
    /// Chooses the image of the OSF at each start: `default`, `head` or a version.
    package var tag: String
    /// Given at creation, never edited, never reused while the row lives.
    package let address: IPv4Address
    /// Where its disks lie. Given at creation, never edited.
    package let storage: StorageID
    package var isBlocked: Bool
    package var intent: Intent
    package var observation: Observation

    package init(
        id: VMID, name: String, user: UserID, osf: OSFID, tag: String, address: IPv4Address,
        storage: StorageID = .standard, isBlocked: Bool = false, intent: Intent = Intent(),
        observation: Observation = Observation()
    ) {
        self.id = id
        self.name = name
        self.user = user
        self.osf = osf
        self.tag = tag
        self.address = address
        self.storage = storage
        self.isBlocked = isBlocked
        self.intent = intent
        self.observation = observation
    }

    package var mac: MACAddress { MACAddress(forVirtualMachineAt: address) }
}

/// What is wanted of a VM: set by the router and by administrators, never by the node that carries it out,
/// with one exception: a node withdraws `run` when the start failed or the guest ended by itself.
package struct Intent: Sendable, Hashable, Codable {
    package enum Wanted: String, Sendable, Hashable, Codable { case run, stop }

    package var wanted: Wanted
    /// Where; nil while the VM is assigned to no node.
    package var node: NodeID?
    /// Grows with every assignment to a node, and each time that the node begins it.
    package var epoch: Epoch
    /// Whether the node has begun this assignment (`NodeRecords.begin`): from then on there may be something of the VM
    /// on it, and only the node's own release frees the VM. Always false while `node` is nil.
    package var hasBegun: Bool
    /// What the VM takes of its node: fixed when it is wanted to run, so that a changed OSF counts at the next start
    /// only. Nothing while `node` is nil.
    package var reserved: Resources
    /// Grows with every command, so that an answer to an old command is known to be old.
    package var request: Int64
    /// Who asked, for people: `user alice@default`, `admin`, `node`.
    package var requestedBy: String

    package init(
        wanted: Wanted = .stop, node: NodeID? = nil, epoch: Epoch = .none, hasBegun: Bool = false,
        reserved: Resources = .none, request: Int64 = 0, requestedBy: String = ""
    ) {
        self.wanted = wanted
        self.node = node
        self.epoch = epoch
        self.hasBegun = hasBegun
        self.reserved = reserved
        self.request = request
        self.requestedBy = requestedBy
    }
}

package enum VMState: String, Sendable, Hashable, Codable, CaseIterable {
    case stopped, starting, running, stopping, zombie, debugging
}

/// What the node last said of a VM.
package struct Observation: Sendable, Hashable, Codable {
    package var state: VMState
    package var since: WallTime
    /// What the node is doing or waiting for, in words: `starting: filter rules`; empty when settled.
    package var detail: String
    /// Why the last start or stop failed, in words; survives until the next start.
    package var lastError: String?
    /// The image the domain runs on; nil when there is none.
    package var image: ImageID?

    package init(
        state: VMState = .stopped, since: WallTime = WallTime(seconds: 0), detail: String = "",
        lastError: String? = nil, image: ImageID? = nil
    ) {
        self.state = state
        self.since = since
        self.detail = detail
        self.lastError = lastError
        self.image = image
    }
}

/// A VM's row with everything a node needs to start or end it. In a node's desired state it is one that is assigned to
/// the node, unless it is said to be elsewhere.
package struct Assignment: Sendable, Hashable {
    package var vm: VirtualMachine
    package var login: String
    package var osf: OSFlavour
    /// Every image of the OSF; which one is used is decided at each start.
    package var images: [DiskImage]
    /// What the VM's agent demands; nil until the node has begun this assignment.
    package var secret: AgentSecret?

    package init(
        vm: VirtualMachine, login: String, osf: OSFlavour, images: [DiskImage], secret: AgentSecret? = nil
    ) {
        self.vm = vm
        self.login = login
        self.osf = osf
        self.images = images
        self.secret = secret
    }
}

/// The secret that a VM's agent demands of whoever calls it. Never printed.
package struct AgentSecret: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// 64 hexadecimal digits (256 random bits).
    package let text: String
    package init(_ text: String) { self.text = text }
    package var description: String { "(secret)" }
    package var debugDescription: String { "(secret)" }
}

package import FarmControl
package import FarmModel
package import SimulatedPorts

/// A run, as data: what farm, who does what, what goes wrong, what must come of it. Drawn from a seed, or written by
/// hand as a scenario file; one path for both.
package struct Plan: Sendable, Hashable {
    package var name: String
    package var seed: UInt64
    package var farm = FarmPlan()
    package var steps: [Step] = []
    package var faults = FaultPlan()
    package var expectations: [Expectation] = []
    /// End of the safety phase, in nanoseconds: then faults end and the farm must come to rest.
    package var until: Int64 = 600 * second
    /// Whether, after that, every user must get a desktop, and an empty farm must be left at the end.
    package var provesLiveness = true

    package init(name: String, seed: UInt64) {
        self.name = name
        self.seed = seed
    }

    /// The files of the images that the farm has or gets.
    var imageFiles: [String] {
        ["desktop.qcow2"]
            + steps.compactMap { if case .administer(.addImage(let file)) = $0.action { file } else { nil } }
    }

    /// The highest number that a VM may come to have.
    var vmsMax: Int {
        farm.vms + steps.count { if case .administer(.addVM) = $0.action { true } else { false } }
    }

    /// Whether a node ever has less room than VMs may want.
    var limitsCapacity: Bool { farm.capacity != .unlimited || changesCapacity }

    var changesCapacity: Bool {
        steps.contains { if case .administer(.setCapacity) = $0.action { true } else { false } }
    }

    /// One second of virtual time.
    package static let second: Int64 = 1_000_000_000
}

/// The farm at the start: nodes `node-1`, `node-2`... with one storage and one network, users `user1`, `user2`..., VMs
/// `vm1`, `vm2`... dealt out to them in turn.
package struct FarmPlan: Sendable, Hashable {
    package var nodes = 1
    package var users = 1
    package var vms = 1
    package var memory = Mebibytes(512)
    /// Of each VM; nil for what the node says.
    package var cpus: Int?
    /// 0 makes no user disks.
    package var userDisk = Mebibytes(64)
    package var keepsOverlay = false
    /// VMs that start or shut down at once on the node.
    package var heavyMax = 10
    package var limits = Limits.usual
    /// What live domains may hold together.
    package var nodeMemory = Mebibytes(1 << 20)
    /// How much of each node may be given to VMs.
    package var capacity = NodeCapacity.unlimited
    package var placement = PlacementPolicy.spread

    package init() {}

    /// Whose VM it is, both counted from 1.
    package func owner(ofVM number: Int) -> Int { (number - 1) % users + 1 }
}

extension FarmPlan {
    /// How patient the daemons are; the raw value is the word in scenario files.
    package enum Limits: String, Sendable, Hashable, CaseIterable {
        /// The defaults.
        case usual
        /// About a fifth of them, as far as the adapters' own limits allow.
        case short
    }

    var nodeLimits: VMTimeLimits {
        var node = VMTimeLimits()
        guard limits == .short else { return node }
        node.step = .seconds(45)
        node.boot = .seconds(60)
        node.pingAfterAnswer = .seconds(30)
        node.missesMax = 4
        node.silenceMax = .seconds(60)
        node.call = .seconds(5)
        node.powerOff = .seconds(30)
        node.shutdown = .seconds(30)
        node.zombieRetryMax = .seconds(20)
        return node
    }

    var connectLimits: ConnectLimits {
        var connect = ConnectLimits()
        guard limits == .short else { return connect }
        connect.takeOver = .seconds(10)
        connect.start = .seconds(90)
        connect.stop = .seconds(90)
        connect.session = .seconds(100)
        return connect
    }
}

/// One thing that a user or an administrator does.
package struct Step: Sendable, Hashable {
    package enum Action: Sendable, Hashable {
        /// The user connects to a VM and stays until something ends it, or for so many nanoseconds.
        case connect(user: Int, vm: Int, stays: Int64?)
        /// The same with a wrong password.
        case connectWithWrongPassword(user: Int, vm: Int)
        case list(user: Int)
        /// All connections of the user are closed...
        case disconnect(user: Int)
        /// ...or go silent: closed lids.
        case vanish(user: Int)
        case stopVM(user: Int, vm: Int)
        case administer(AdministratorAction)
    }

    /// In nanoseconds from the start.
    package var at: Int64
    package var action: Action

    package init(at: Int64, _ action: Action) {
        self.at = at
        self.action = action
    }
}

/// What administrators do in scenarios; VMs, users and nodes by their number.
package enum AdministratorAction: Sendable, Hashable {
    /// On this node, or where the farm's policy places it.
    case start(vm: Int, on: Int? = nil)
    case stop(vm: Int)
    case block(vm: Int)
    case unblock(vm: Int)
    case delete(vm: Int)
    /// The VM and its user disk.
    case deleteWithDisk(vm: Int)
    /// The user disk of a VM that was deleted.
    case deleteDisk(vm: Int)
    /// Sets the VM's tag: `default`, `head` or a version.
    case tag(vm: Int, String)
    /// Adds an image to the OSF: it becomes `head`.
    case addImage(file: String)
    case blockUser(Int)
    case unblockUser(Int)
    /// Its number is the next that the store gives: the first after the farm's own, when nothing went wrong.
    case addVM(name: String, user: Int)
    case blockNode(Int)
    case unblockNode(Int)
    case drain(Int)
    case resume(Int)
    case setCapacity(node: Int, NodeCapacity)
}

/// What must be so in a scenario.
package struct Expectation: Sendable, Hashable {
    package enum Fact: Sendable, Hashable {
        case vm(Int, VMState)
        /// The VM's last error contains this.
        case error(vm: Int, String)
        case connected(user: Int)
        case disconnected(user: Int)
        /// The user's latest request was answered with this status.
        case answered(user: Int, status: Int)
        case domains(Int)
        case node(Int, NodeState)
        /// Of the VM of this number, whether that has a row or not.
        case userDisk(vm: Int, isKept: Bool)
    }

    package enum Time: Sendable, Hashable {
        /// At that moment.
        case at(Int64)
        /// At some moment up to then.
        case by(Int64)
        /// Never before the end of the safety phase.
        case never
    }

    package var time: Time
    package var fact: Fact
    /// Where it was written: `FILE:LINE`.
    package var place: String

    package init(_ time: Time, _ fact: Fact, place: String) {
        self.time = time
        self.fact = fact
        self.place = place
    }
}

import FarmModel

/// What was found on the node, and when it is looked at again. One look is out at a time.
struct NodeLooks: Sendable, Hashable {
    private let farm: FarmID
    private let node: NodeID
    private(set) var isOut = false
    /// Something changed after the look that is out began.
    private var isWantedAgain = false
    private(set) var nextAt: Instant?
    /// When the look that is out, or else the last one, began.
    private(set) var began = Instant.start
    private(set) var inventory: Inventory?
    /// When the look that brought `inventory` began.
    private(set) var inventoryBegan = Instant.start
    /// Its domains that are of this farm and node: sorted out once, for every VM is looked up in them at each reading.
    private(set) var domains: [VMID: ObservedDomain] = [:]

    init(farm: FarmID, node: NodeID) {
        self.farm = farm
        self.node = node
    }

    var liveVMs: [VMID] { domains.filter(\.value.isLive).keys.sorted() }

    /// A tap's name says whose it is.
    func isOurs(_ tap: TapName) -> Bool { tap.farm == farm && tap.node == node }

    /// - Returns: true when the node is to be looked at now; otherwise it is looked at again once the present look is
    ///   back.
    mutating func begin(at now: Instant) -> Bool {
        guard !isOut else {
            isWantedAgain = true
            return false
        }
        isOut = true
        began = now
        nextAt = nil
        return true
    }

    /// The look is back.
    mutating func took(_ inventory: Inventory, nextAt moment: Instant) {
        isOut = false
        nextAt = moment
        self.inventory = inventory
        inventoryBegan = began
        domains = [:]
        for domain in inventory.domains {
            if let owner = domain.owner, owner.farm == farm, owner.node == node { domains[owner.vm] = domain }
        }
    }

    /// Whether the node must be looked at again because something changed meanwhile; asked once per look.
    mutating func takeWantedAgain() -> Bool {
        defer { isWantedAgain = false }
        return isWantedAgain
    }

    mutating func failed(retryAt moment: Instant) {
        isOut = false
        isWantedAgain = false
        nextAt = moment
    }

    func isDue(at now: Instant) -> Bool { nextAt.map { $0 <= now } ?? false }

    func normalized(_ moments: Normalization) -> NodeLooks {
        var copy = self
        copy.nextAt = nextAt.map(moments.left)
        copy.began = moments.rank(began)
        copy.inventoryBegan = moments.rank(inventoryBegan)
        return copy
    }
}

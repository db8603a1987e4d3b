/// A client's stay in a VM: at most one per VM. Its token is drawn by the router that carries it.
package struct Session: Sendable, Hashable, Codable {
    package enum State: String, Sendable, Hashable, Codable { case connecting, connected }

    package var vm: VMID
    package var token: SessionToken
    /// Where the router is that carries it. Nil when nobody knows: the row is older than this word.
    package var place: RouterPlace?
    package var state: State
    /// Where the client comes from, for people and audit.
    package var peer: String
    package var since: WallTime
    /// Another client wants this VM: the router that carries the session must cut it.
    package var isTakeOverRequested: Bool

    package init(
        vm: VMID, token: SessionToken, place: RouterPlace? = nil, state: State, peer: String, since: WallTime,
        isTakeOverRequested: Bool = false
    ) {
        self.vm = vm
        self.token = token
        self.place = place
        self.state = state
        self.peer = peer
        self.since = since
        self.isTakeOverRequested = isTakeOverRequested
    }
}

/// Where a router runs. There is one at a place: when another begins there, the one before it is dead.
package enum RouterPlace: Sendable, Hashable, Codable {
    case node(NodeID)
    /// A router beside the nodes, by the name that its configuration gives it.
    case standAlone(String)
}

/// Names one session for ever: a router's incarnation and its count.
package struct SessionToken: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Drawn when the router process starts; sessions of an incarnation that is gone are stale.
    package let router: String
    package let number: Int64

    package init(router: String, number: Int64) {
        self.router = router
        self.number = number
    }

    package var description: String { "\(router)/\(number)" }
}

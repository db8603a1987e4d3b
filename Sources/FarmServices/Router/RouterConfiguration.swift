package import FarmControl
package import FarmModel
package import FarmPorts
package import Logging

/// What a router is told when it starts.
package struct RouterConfiguration: Sendable {
    /// The node whose state decides whether clients are served.
    package var nodeName: String
    /// Tells its sessions, and those of its predecessors, from the sessions of other routers.
    package var place: RouterPlace
    /// The address from which this router reaches VMs: the only one nxagent will accept.
    package var address: IPv4Address
    package var limits = ConnectLimits()
    /// The agent's port in a VM (the original's `internal.vm.port.vma`).
    package var agentPort = 3030
    /// nxagent's port in a VM (the original's `internal.vm.port.x`).
    package var displayPort = 4100
    /// Clients that are connecting or connected at once.
    package var sessionsMax = 4000
    /// Between two looks at which sessions other clients want.
    package var upkeepPoll: Duration = .seconds(1)
    /// How long the X session may take to notice that its client is gone before it is told.
    package var suspensionTime: Duration = .seconds(3)

    package init(nodeName: String, place: RouterPlace, address: IPv4Address) {
        self.nodeName = nodeName
        self.place = place
        self.address = address
    }
}

/// The world as a router sees it.
package struct RouterPorts: Sendable {
    package var authenticator: any Authenticator
    package var desktops: any GrantedDesktops
    package var sessions: any Sessions
    package var nodes: any NodeStandings
    package var changes: any StoreChanges
    package var agent: any GuestAgent
    package var clock: any FarmClock
    package var random: any RandomSource
    package var log: Logger

    /// - Parameters:
    ///   - login: lets users in and acts for them.
    ///   - store: what the other three views of the store are served by.
    package init(
        login: any Authenticator & GrantedDesktops, store: any Sessions & NodeStandings & StoreChanges,
        agent: any GuestAgent, clock: any FarmClock, random: any RandomSource, log: Logger
    ) {
        authenticator = login
        desktops = login
        sessions = store
        nodes = store
        changes = store
        self.agent = agent
        self.clock = clock
        self.random = random
        self.log = log
    }
}

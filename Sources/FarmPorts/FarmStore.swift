package import FarmModel

// The farm's state that outlives processes, split by who uses it. One type usually conforms to all of them. Every
// method is one transaction: all of it or none. An operation whose answer was lost can be repeated.

/// What HKD needs of the store.
package protocol NodeRecords: Sendable {
    /// The node of this name. `.notFound` names the nodes there are.
    func node(named name: String) async throws(PortError) -> NodeIdentity

    func reportState(of node: NodeID, _ state: NodeState, at time: WallTime) async throws(PortError)

    /// What is wanted of the node, at one moment, and the rows of these VMs, of which the node has something though
    /// they may not be assigned to it. `.notFound` when the node has no row.
    func desiredState(of node: NodeID, about vms: [VMID]) async throws(PortError) -> DesiredState

    /// What changed of it since a reading of that moment: `DesiredState.applying` makes of both what `desiredState`
    /// would give now, about the same VMs. Nil when not all is known any more of what changed, or an OSF or image did:
    /// then everything is to be read. `.notFound` when the node has no row.
    func desiredStateChanges(
        of node: NodeID, about vms: [VMID], after revision: Revision
    ) async throws(PortError) -> DesiredStateChanges?

    /// One for every VM of the farm, running or not, sorted by VM.
    func reservations() async throws(PortError) -> [Reservation]

    /// The first step of a start, before anything on the node or its storage is touched: if the VM is assigned to the
    /// node with this epoch and wanted to run, the assignment is begun and takes the next epoch, which is returned, and
    /// from then on only the node's own release frees the VM. The secret is kept for whoever calls the VM's agent. Of a
    /// VM that was reported as running the row says that it starts.
    ///
    /// Whatever was said under the old epoch and comes late is stale: a release, a report, and a begin, of this daemon
    /// or of one before it. A daemon that was started again and finds nothing live begins the assignment anew, with a
    /// secret of its own. Repeating a begin with its secret, because its answer was lost, changes nothing and returns
    /// the same epoch. `.stale` when the assignment is over, another begin was first, or the VM is to stop.
    func begin(
        _ vm: VMID, by node: NodeID, epoch: Epoch, secret: AgentSecret
    ) async throws(PortError) -> Epoch

    /// Writes what the node sees, if the VM is still assigned to it with this epoch; otherwise `.stale`.
    func report(
        _ observation: Observation, of vm: VMID, by node: NodeID, epoch: Epoch
    ) async throws(PortError)

    /// Gives the VM back: it is stopped, nothing of it is left on the node. When it was wanted to stop, or `request`
    /// is still its newest (a start that failed, a guest that ended by itself), the VM becomes stopped and
    /// unassigned. When a newer command wants it to run, it is assigned to the same node again with the next epoch.
    /// Either way the secret goes and `lastError` stays to be read. `.stale` for an old epoch.
    func release(
        _ vm: VMID, by node: NodeID, epoch: Epoch, request: Int64, error: String?, at time: WallTime
    ) async throws(PortError)
}

/// What HKD tells the store of the user disks that somebody wants deleted (`DesiredState.diskDeletions`).
package protocol DiskDeletionRecords: Sendable {
    /// Asked right before the disk is deleted: whether that is still wanted. False when it has been done, and when the
    /// VM has a row, as after a backup was restored: then the wish is void and taken back.
    func confirmDeletion(of disk: UserDiskID, by node: NodeID, at time: WallTime) async throws(PortError) -> Bool

    /// The disk is gone: the wish is fulfilled. Idempotent.
    func reportDeletion(of disk: UserDiskID, by node: NodeID, at time: WallTime) async throws(PortError)

    /// Why the disk could not be deleted yet, for people. Of a wish that is not open it changes nothing.
    func reportDeletionFailure(of disk: UserDiskID, _ error: String) async throws(PortError)
}

package struct NodeIdentity: Sendable, Hashable {
    package var farm: FarmID
    package var node: Node
    package var addressPlan: AddressPlan

    package init(farm: FarmID, node: Node, addressPlan: AddressPlan) {
        self.farm = farm
        self.node = node
        self.addressPlan = addressPlan
    }
}

/// Whether clients should come to a node.
package protocol NodeStandings: Sendable {
    /// `.notFound` when there is no node of this name.
    func standing(ofNode name: String) async throws(PortError) -> NodeStanding
}

package struct NodeStanding: Sendable, Hashable {
    package var state: NodeState
    package var isBlocked: Bool

    package init(state: NodeState, isBlocked: Bool) {
        self.state = state
        self.isBlocked = isBlocked
    }
}

/// What login needs of the store, besides sessions.
package protocol Desktops: Sendable {
    /// Nil when there is no such user or tenant.
    func account(_ name: LoginName) async throws(PortError) -> Account?

    /// The user's VMs, sorted by id.
    func desktops(of user: UserID) async throws(PortError) -> [VirtualMachine]

    /// Nil when there is no such VM.
    func desktop(_ vm: VMID) async throws(PortError) -> DesktopView?

    /// Wants the VM to run, and places it if it is on no node, in one transaction: on a node that is running, not
    /// blocked and has room for what the VM's OSF needs, chosen by the farm's policy (`PlacementPolicy`). Repeating it
    /// while the VM is wanted to run changes nothing. `.denied` when the VM is blocked or no node can take it.
    ///
    /// - Returns: where it is to run.
    @discardableResult
    func requestStart(_ vm: VMID, by: String) async throws(PortError) -> NodeID

    /// Wants the VM to stop. A start that its node has not begun (`NodeRecords.begin`) is taken back: the VM is stopped
    /// and on no node when this returns. Idempotent.
    func requestStop(_ vm: VMID, by: String) async throws(PortError)
}

package struct Account: Sendable, Hashable {
    package var user: User
    package var tenant: Tenant
    /// In the modular form of `PasswordHasher`.
    package var passwordHash: String

    package init(user: User, tenant: Tenant, passwordHash: String) {
        self.user = user
        self.tenant = tenant
        self.passwordHash = passwordHash
    }
}

/// All that a connect needs to know of a VM, read in one transaction.
package struct DesktopView: Sendable, Hashable {
    package var vm: VirtualMachine
    /// Nil until the node has handed it over.
    package var secret: AgentSecret?
    /// OSF, image, user and VM properties merged in that order.
    package var properties: Properties
    package var session: Session?

    package init(vm: VirtualMachine, secret: AgentSecret?, properties: Properties, session: Session?) {
        self.vm = vm
        self.secret = secret
        self.properties = properties
        self.session = session
    }
}

/// Who gets a VM: at most one session per VM, ever.
package protocol SessionClaims: Sendable {
    /// Begins a session if the VM has none. If it has one, marks that one as wanted by another client and returns
    /// it, so that its router cuts it; try again after. A session of the same token is returned as claimed.
    func claim(_ session: Session) async throws(PortError) -> SessionClaim

    /// The same when the session with the token `marked` was marked by an earlier `claim` and did not end in time:
    /// if it still holds the VM, this one takes its place. If another holds the VM by now, that one is marked and
    /// returned.
    func takeOver(_ session: Session, from marked: SessionToken) async throws(PortError) -> SessionClaim
}

/// What a router says of its sessions, each named by its token.
package protocol Sessions: Sendable {
    /// `.stale` when the session is gone, another took its place or a take-over is wanted: then the caller gives way.
    func markConnected(_ token: SessionToken, vm: VMID, at time: WallTime) async throws(PortError)

    /// Ends this session; another one of the VM is untouched. Idempotent.
    func end(_ token: SessionToken, vm: VMID) async throws(PortError)

    /// Sessions of this router that another client wants, and those that are still being connected: a claim that came
    /// after its end is among them.
    func wantedOrConnecting(router: String) async throws(PortError) -> [Session]

    /// All sessions of this router.
    func all(router: String) async throws(PortError) -> [Session]

    /// Ends the sessions that earlier incarnations of the router at this place left, and those of unknown place (an
    /// older version wrote them). Sessions of other places stay: their routers may live.
    func endEarlier(at place: RouterPlace, than router: String) async throws(PortError)
}

package enum SessionClaim: Sendable, Hashable {
    case claimed
    case held(Session)
}

/// Wakes whoever reads the store when somebody may have changed it. Only a hint: poll as well.
package protocol StoreChanges: Sendable {
    /// One element, at once, for any number of changes since the last; ends when the store closes.
    func changes() -> AsyncStream<Void>

    /// What changed after that moment. Sessions and the rows of nodes and VMs count, and what VMs are made from; users,
    /// properties, configuration and the audit trail do not.
    func changes(after revision: Revision) async throws(PortError) -> FarmChanges
}

/// The whole farm at one moment, sorted by id throughout: what planners, explanations and lists are made from.
package struct FarmSnapshot: Sendable, Hashable {
    /// The moment.
    package var revision: Revision
    package var farm: FarmID
    package var addressPlan: AddressPlan
    package var tenants: [Tenant]
    package var users: [User]
    package var osfs: [OSFlavour]
    package var images: [DiskImage]
    package var nodes: [Node]
    /// Every node with what is taken of it.
    package var nodeLoads: [NodeLoad]
    package var vms: [VirtualMachine]
    package var sessions: [Session]
    package var properties: [PropertyOwner: Properties]
    /// Configuration keys of the farm (not of one node), without secrets.
    package var configuration: [String: String]

    package init(farm: FarmID, addressPlan: AddressPlan, revision: Revision = Revision(0)) {
        self.revision = revision
        self.farm = farm
        self.addressPlan = addressPlan
        tenants = []
        users = []
        osfs = []
        images = []
        nodes = []
        nodeLoads = []
        vms = []
        sessions = []
        properties = [:]
        configuration = [:]
    }
}

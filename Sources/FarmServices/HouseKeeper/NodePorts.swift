package import FarmControl
package import FarmModel
package import FarmPorts

/// What the house keeper works with: real on a node, in memory in the simulator. It never asks which.
package struct NodePorts: Sendable {
    package var hypervisor: any Hypervisor
    package var network: any NodeNetwork
    package var filter: any TapFilter
    package var addresses: any AddressService
    package var storages: NodeStorages
    package var secrets: any SecretFiles
    package var agent: any GuestAgent
    package var records: any NodeRecords
    package var deletions: any DiskDeletionRecords
    package var changes: any StoreChanges
    package var clock: any FarmClock
    package var random: any RandomSource

    package init(
        hypervisor: any Hypervisor, network: any NodeNetwork, filter: any TapFilter,
        addresses: any AddressService,
        storages: NodeStorages, secrets: any SecretFiles, agent: any GuestAgent,
        records: some NodeRecords & DiskDeletionRecords,
        changes: any StoreChanges, clock: any FarmClock, random: any RandomSource
    ) {
        self.hypervisor = hypervisor
        self.network = network
        self.filter = filter
        self.addresses = addresses
        self.storages = storages
        self.secrets = secrets
        self.agent = agent
        self.records = records
        deletions = records
        self.changes = changes
        self.clock = clock
        self.random = random
    }
}

/// What an operator chose for this node.
package struct NodeSettings: Sendable {
    package var name: String
    package var acceleration: Acceleration
    /// 1 or more (`vm.kvm.cpus`).
    package var virtualCPUs: Int
    package var ipv6: TapRules.IPv6Policy
    /// 3030 (`internal.vm.port.vma`).
    package var agentPort: Int
    /// Folder for the VMs' console logs.
    package var consoleFolder: String
    package var policy: NodePolicy

    package init(
        name: String, acceleration: Acceleration, virtualCPUs: Int = 2, ipv6: TapRules.IPv6Policy = .denied,
        agentPort: Int = 3030, consoleFolder: String, policy: NodePolicy = NodePolicy()
    ) {
        self.name = name
        self.acceleration = acceleration
        self.virtualCPUs = virtualCPUs
        self.ipv6 = ipv6
        self.agentPort = agentPort
        self.consoleFolder = consoleFolder
        self.policy = policy
    }
}

import ArgumentParser
import CProcess
import DnsmasqAddresses
import EbtablesFilter
import FarmControl
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import Glibc
import HTTPGuestAgent
import ImageDisks
import LibvirtHypervisor
import Logging
import NetlinkNetwork
import NodeConfiguration
import OpenSSLSecrets
import SQLiteStore
import SystemClock

struct HouseKeeperCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "hkd", abstract: "The house keeper alone; `run` starts it.", shouldDisplay: false)

    @OptionGroup var options: CommonOptions

    func run() async throws {
        let (configuration, log) = try options.load("hkd")
        let lock = try NodeLock.take(configuration.paths.lock)
        defer { close(lock) }
        try RunFolders.prepare(configuration)
        let node = try await TerminationSignal.endsTask {
            let store = try await SQLiteStore.open(at: configuration.paths.database)
            let identity = try await store.node(named: configuration.nodeName)
            let node = try await RealNode(configuration, identity: identity, store: store, log: log)
            try await node.run()
            return node
        }
        await node.leave()
    }
}

/// One HKD per node.
enum NodeLock {
    static func take(_ path: String) throws -> Int32 {
        let lock = cprocess_lock(path)
        if lock == -EWOULDBLOCK {
            throw SystemFailure(
                EWOULDBLOCK, "locking \(path)",
                advice: "another house keeper runs on this node; its process id is in that file")
        }
        guard lock >= 0 else { throw SystemFailure(-lock, "locking \(path)") }
        return lock
    }
}

/// The real node: every port bound to its adapter.
struct RealNode: Sendable {
    private let houseKeeper: HouseKeeper
    private let addresses: DnsmasqAddresses

    init(
        _ configuration: NodeConfiguration, identity: NodeIdentity, store: SQLiteStore, log: Logger
    ) async throws {
        let paths = configuration.paths
        let hypervisor = LibvirtHypervisor(
            uri: configuration.hypervisor.libvirtURI, emulator: configuration.commands.qemu)
        addresses = DnsmasqAddresses(
            DnsmasqConfiguration(
                farm: identity.farm, addressPlan: identity.addressPlan, bridge: configuration.network.bridge,
                folder: "\(paths.run)/dhcp", command: configuration.commands.dnsmasq,
                restartPause: configuration.houseKeeper.dhcpRestartDelay), log: log)
        let ports = NodePorts(
            hypervisor: hypervisor, network: NetlinkNodeNetwork(bridge: configuration.network.bridge),
            filter: EbtablesTapFilter(), addresses: addresses,
            storages: Self.storages(configuration, identity.farm),
            secrets: SecretFolder(farm: identity.farm, folder: "\(paths.run)/secrets"),
            agent: HTTPGuestAgent(
                callTime: configuration.houseKeeper.agentCall,
                acceptsOriginal: configuration.hypervisor.acceptsOriginalAgents), records: store, changes: store,
            clock: SystemClock(), random: SystemRandom())
        var policy = NodePolicy(configuration.houseKeeper)
        policy.limits.debugs = configuration.hypervisor.keepsHungVMs
        let settings = NodeSettings(
            name: configuration.nodeName,
            acceleration: try await Self.acceleration(configuration, hypervisor, log),
            virtualCPUs: configuration.hypervisor.virtualCPUs,
            ipv6: configuration.network.allowsIPv6 ? .linkLocal : .denied,
            agentPort: configuration.hypervisor.agentPort, consoleFolder: "\(paths.log)/console",
            policy: policy)
        houseKeeper = HouseKeeper(ports: ports, settings: settings, log: log) { log.notice("serving") }
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await addresses.run() }
            group.addTask { try await houseKeeper.run() }
            try await group.next()
            group.cancelAll()
            try await group.waitForAll()
        }
    }

    /// After `run()`.
    func leave() async { await houseKeeper.leave() }

    private static func storages(_ configuration: NodeConfiguration, _ farm: FarmID) -> NodeStorages {
        let paths = configuration.paths
        let more = paths.moreStorages.map { ($0.id, ImageDisks($0, of: farm, configuration)) }
        return NodeStorages(
            standard: ImageDisks(paths.standardStorage, of: farm, configuration), Dictionary(uniqueKeysWithValues: more)
        )
    }

    /// What guests run on. The probe decides unless the operator did.
    private static func acceleration(
        _ configuration: NodeConfiguration, _ hypervisor: LibvirtHypervisor, _ log: Logger
    ) async throws -> Acceleration {
        switch configuration.hypervisor.acceleration {
        case .kvm: return .kvm
        case .tcg: return .tcg
        case .auto:
            let found = try await hypervisor.capabilities()
            if found.acceleration == .tcg {
                log.warning(
                    "guests are emulated, which is slow: KVM cannot be used",
                    metadata: ["reason": "\(found.accelerationReason)"])
            }
            return found.acceleration
        }
    }
}

extension NodePolicy {
    init(_ configured: ConfigurationValues<HouseKeeperKeys>) {
        self.init()
        heavyMax = configured.heavyMax
        readEvery = configured.readEvery
        limits.boot = configured.boot
        limits.missesMax = configured.missesMax
        limits.silenceMax = configured.silenceMax
        limits.pingAfterMiss = configured.pingAfterMiss
        limits.pingAfterAnswer = configured.pingAfterAnswer
        limits.powerOff = configured.powerOff
        limits.shutdown = configured.shutdown
        limits.zombieRetryMax = configured.zombieRetryMax
    }
}

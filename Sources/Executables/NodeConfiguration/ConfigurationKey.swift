/// Every key that `node.conf` may hold, with its default and what it means. Keys of the original system keep their
/// names; those marked "own" have no counterpart there.
package enum ConfigurationKey: String, CaseIterable, Sendable {
    case nodename
    case pathRun = "path.run"
    case pathLog = "path.log"
    case pathStorageRoot = "path.storage.root"
    case pathStorageImages = "path.storage.images"
    case pathStorageOverlays = "path.storage.overlays"
    case pathStorageHomes = "path.storage.homes"
    case pathStorageMore = "path.storage.more"
    case pathSSL = "path.l7r.ssl"
    case pathSSLKey = "path.l7r.ssl.key"
    case pathSSLCertificate = "path.l7r.ssl.cert"
    case logLevel = "log.level"
    case databasePath = "database.path"
    case databaseGroup = "database.group"

    case routerAddress = "l7r.address"
    case routerPort = "l7r.port"
    case routerUser = "l7r.as_user"
    case routerTLS = "l7r.use_ssl"
    case routerStart = "internal.l7r.timeout.vm_start"
    case routerStopVM = "internal.l7r.timeout.vm_stop"
    case routerListening = "internal.l7r.timeout.x_start"
    case routerAgentCall = "internal.l7r.timeout.vma"
    case routerTakeOver = "internal.l7r.timeout.takeover"
    case routerXStartTries = "internal.l7r.retry.x_start"
    case routerStorePoll = "internal.l7r.poll_time.vm"
    case routerSessionPoll = "internal.l7r.poll_time.x"

    case vmHypervisor = "vm.hypervisor"
    case vmCPUs = "vm.kvm.cpus"
    case vmBridge = "vm.network.bridge"
    case vmRangeStart = "vm.network.ip.start"
    case vmNetmask = "vm.network.netmask"
    case vmGateway = "vm.network.gateway"
    case vmAllowIPv6 = "vm.network.allow_ipv6"
    case vmAgentPort = "internal.vm.port.vma"
    case vmDebug = "internal.vm.debug.enable"
    case vmaAcceptOriginal = "vma.accept_original"
    case libvirtURI = "libvirt.uri"
    case acceleration = "hypervisor.acceleration"

    case lockPath = "internal.hkd.lock.path"
    case heavyMax = "internal.hkd.max_heavy"
    case readEvery = "internal.hkd.agent.vm_command_handler.delay"
    case dhcpRestartDelay = "internal.hkd.agent.dhcpdhandler.delay"
    case agentCall = "internal.hkd.agent.rpc.timeout"
    case boot = "internal.hkd.vmhandler.vma.failed.max_time.on.starting"
    case missesMax = "internal.hkd.vmhandler.vma.failed.max_count.on.running"
    case silenceMax = "internal.hkd.vmhandler.vma.failed.max_time.on.running"
    case pingAfterMiss = "internal.hkd.vmhandler.vma_monitor.delay.after.error"
    case pingAfterAnswer = "internal.hkd.vmhandler.vma_monitor.delay.after.ok"
    case powerOff = "internal.hkd.kvm.timeout.on_state.stopping.shutdown.waiting_for_kvm"
    case shutdown = "internal.hkd.kvm.timeout.on_state.stopping.stop.waiting_for_kvm"
    case zombieRetryMax = "internal.hkd.kvm.timeout.on_state.zombie.reap.delaying"
    case routerStopTimeout = "internal.hkd.stopping.l7rs.timeout"

    case commandDnsmasq = "command.dnsmasq"
    case commandQemuImg = "command.qemu-img"
    case commandQemu = "command.qemu-system"

    /// The value when the file does not say; nil when there is none. May refer to other keys as `${key}`.
    package var defaultText: String? { table.0 }

    /// One line for people.
    package var summary: String { table.1 }

    private var table: (String?, String) {
        switch self {
        case .nodename: (nil, "this node's name in the farm; the machine's host name unless given")
        case .pathRun: ("/run/qvd", "sockets, locks, secrets, DHCP reservations; emptied at boot")
        case .pathLog: ("/var/log/qvd", "logs and serial consoles")
        case .pathStorageRoot: ("/var/lib/qvd/storage", "where images and disks are kept")
        case .pathStorageImages: ("${path.storage.root}/images", "base images, only ever read")
        case .pathStorageOverlays: ("${path.storage.root}/overlays", "each VM's writable layer")
        case .pathStorageHomes: ("${path.storage.root}/homes", "user disks")
        case .pathStorageMore: ("", "own: further storages, NAME=FOLDER, ...; each has its own overlays and homes")
        case .pathSSL: ("/var/lib/qvd/l7r", "folder of the router's key and certificate")
        case .pathSSLKey: ("${path.l7r.ssl}/key.pem", "private key of the router, PEM")
        case .pathSSLCertificate: ("${path.l7r.ssl}/cert.pem", "certificate of the router, PEM; made if absent")
        case .logLevel: ("info", "trace, debug, info, notice, warning, error or critical")
        case .databasePath: ("/var/lib/qvd/database/farm.db", "own: the farm's embedded database")
        case .databaseGroup: ("qvd", "own: group that may use the database; the router runs with it")
        default: routerAndMachineTable
        }
    }

    private var routerAndMachineTable: (String?, String) {
        switch self {
        case .routerAddress: ("*", "address the router listens on; * is every address")
        case .routerPort: ("8443", "port the router listens on")
        case .routerUser: ("qvd-l7r", "the unprivileged user the router runs as")
        case .routerTLS: ("1", "whether clients speak TLS; 0 only behind something that does")
        case .routerStart: ("270", "seconds a connect waits for a VM to start")
        case .routerStopVM: ("270", "seconds a stop request waits for a VM to stop")
        case .routerListening: ("10", "seconds one X start request to the agent may take")
        case .routerAgentCall: ("4", "seconds any other request to the agent may take")
        case .routerTakeOver: ("30", "seconds until a connect takes the place of a session that does not end")
        case .routerXStartTries: ("20", "how often X start is tried again")
        case .routerStorePoll: ("2", "seconds between two looks at a VM that starts")
        case .routerSessionPoll: ("1", "seconds between two looks at an X session that starts")
        case .vmHypervisor: ("kvm", "kvm is the only one")
        case .vmCPUs: ("2", "virtual CPUs of each VM")
        case .vmBridge: ("qvdnet0", "bridge of the VM network; it must exist, it is never created")
        case .vmRangeStart: (nil, "first VM address; `qvd init` takes it and stores it in the farm")
        case .vmNetmask: (nil, "mask of the VM network, dotted or as a prefix length; see vm.network.ip.start")
        case .vmGateway: (nil, "router that guests are told by DHCP; see vm.network.ip.start")
        case .vmAllowIPv6: ("0", "own: whether VMs may speak IPv6, each with its own source address only")
        case .vmAgentPort: ("3030", "port the agent inside a VM listens on")
        case .vmDebug: ("0", "whether a VM whose agent died is kept for inspection instead of stopped")
        case .vmaAcceptOriginal: ("0", "own: whether guests with the original's agent, which knows no secret, may run")
        case .libvirtURI: ("qemu:///system", "own: which libvirt daemon to use")
        case .acceleration: ("auto", "own: kvm, tcg, or auto (kvm if its probe can run a guest, else tcg)")
        default: houseKeeperTable
        }
    }

    private var houseKeeperTable: (String?, String) {
        switch self {
        case .lockPath: ("${path.run}/hkd.lock", "lock that keeps a second daemon from this node")
        case .heavyMax: ("10", "VMs that may start or shut down at the same time")
        case .readEvery: ("61", "seconds between two looks at the database when nothing announces a change")
        case .dhcpRestartDelay: ("2", "seconds until a DHCP server that died is started again")
        case .agentCall: ("3", "seconds one request to an agent may take")
        case .boot: ("180", "seconds a booting VM has until its agent must answer")
        case .missesMax: ("10", "pings of a running VM that may fail before it counts as hung...")
        case .silenceMax: ("320", "...and seconds that must have passed as well")
        case .pingAfterMiss: ("10", "seconds from a failed ping to the next")
        case .pingAfterAnswer: ("120", "seconds from a good ping to the next")
        case .powerOff: ("180", "seconds a guest has to power itself off")
        case .shutdown: ("180", "seconds a domain has to end after that")
        case .zombieRetryMax: ("60", "seconds between two tries to end a VM that would not die")
        case .routerStopTimeout: ("300", "seconds sessions have to end when the node stops")
        case .commandDnsmasq: ("/usr/sbin/dnsmasq", "own: the DHCP server")
        case .commandQemuImg: ("/usr/bin/qemu-img", "own: makes overlays")
        case .commandQemu: ("/usr/bin/qemu-system-x86_64", "own: runs the probe for KVM")
        default: (nil, "")
        }
    }

    /// The known key whose spelling is nearest to `text`.
    package static func nearest(to text: String) -> ConfigurationKey {
        let candidates = allCases.map { key in (distance: editDistance(text, key.rawValue), key: key) }
        return candidates.min { $0.distance < $1.distance }!.key
    }
}

/// How many characters must be put in, taken out or exchanged to make one text of the other.
func editDistance(_ left: String, _ right: String) -> Int {
    let columns = Array(right.utf8)
    var previous = Array(0...columns.count)
    for (row, byte) in left.utf8.enumerated() {
        var current = [row + 1]
        for (column, other) in columns.enumerated() {
            let exchanged = previous[column] + (byte == other ? 0 : 1)
            current.append(min(exchanged, previous[column + 1] + 1, current[column] + 1))
        }
        previous = current
    }
    return previous[columns.count]
}

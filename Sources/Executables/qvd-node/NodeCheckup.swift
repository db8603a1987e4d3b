import EbtablesFilter
import FarmControl
import FarmModel
import FarmPorts
import FarmStore
import Glibc
import ImageDisks
import LibvirtHypervisor
import NetlinkNetwork
import NodeConfiguration
import SQLiteStore

/// Everything a node needs, looked at one by one; nothing is changed.
struct NodeCheckup {
    private let configuration: NodeConfiguration
    /// Below this a start is likely to fail.
    private let freeBytesMin: Int64 = 2 << 30

    init(_ configuration: NodeConfiguration) { self.configuration = configuration }

    func findings() async -> [CheckFinding] {
        var findings = [CheckFinding.fine("configuration", configuration.file)]
        let (store, identity) = await database(&findings)
        await bridge(identity, &findings)
        ports(&findings)
        await hypervisor(&findings)
        await filter(&findings)
        await storage(identity, store, &findings)
        router(&findings)
        return findings
    }

    private func database(_ findings: inout [CheckFinding]) async -> (SQLiteStore?, NodeIdentity?) {
        do throws(PortError) {
            let store = try await SQLiteStore.open(at: configuration.paths.database)
            findings.append(.fine("database", "\(configuration.paths.database), schema \(SQLiteStore.schemaNumber)"))
            do throws(PortError) {
                let identity = try await store.node(named: configuration.nodeName)
                let node = identity.node
                findings.append(.fine("node", "\(node.name), id \(node.id), \(node.address)"))
                return (store, identity)
            } catch {
                findings.append(
                    .failed("node", "\(error)", remedy: "qvd node add \(configuration.nodeName) --address ADDRESS"))
                return (store, nil)
            }
        } catch {
            findings.append(.failed("database", "\(error)", remedy: "qvd init makes a new farm's database"))
            return (nil, nil)
        }
    }

    private func bridge(_ identity: NodeIdentity?, _ findings: inout [CheckFinding]) async {
        let name = configuration.network.bridge
        do {
            let bridge = try await NetlinkNodeNetwork(bridge: name).observeBridge()
            if let identity {
                try NodeChecks.bridge(bridge, node: identity.node, addressPlan: identity.addressPlan)
            }
            let addresses = bridge.addresses.map(\.description).joined(separator: ", ")
            findings.append(.fine("bridge", "\(name) is up" + (addresses.isEmpty ? "" : ", \(addresses)")))
        } catch let failure as NodeCheckFailure {
            findings.append(.failed("bridge", failure.problem, remedy: failure.remedy))
        } catch {
            findings.append(
                .failed(
                    "bridge", "\(error)",
                    remedy: "make it: ip link add \(name) type bridge; ip link set \(name) up"
                        + " (the daemon never makes it), or set vm.network.bridge"))
        }
    }

    private func ports(_ findings: inout [CheckFinding]) {
        let router = configuration.router
        let hasSocket = ListeningSocket.inherited != nil
        if hasSocket {
            findings.append(.fine("router port", "a listening socket is handed down"))
        } else if canBind(SOCK_STREAM, address: router.address, port: router.port) {
            findings.append(.fine("router port", "\(router.address):\(router.port) is free"))
        } else {
            let words = SystemFailure.words(errno)
            findings.append(
                .poor(
                    "router port", "\(router.address):\(router.port) is taken (\(words)); fine if qvd-node has it",
                    remedy: "see who has it: ss -ltnp 'sport = :\(router.port)'; or set l7r.port"))
        }
        if canBind(SOCK_DGRAM, address: IPv4Address(bits: 0), port: 67) {
            findings.append(.fine("DHCP port", "67 is free"))
        } else {
            let words = SystemFailure.words(errno)
            findings.append(
                .poor(
                    "DHCP port", "67 is taken (\(words)); fine if qvd-node's dnsmasq has it",
                    remedy: "see who has it: ss -lunp 'sport = :67'; another DHCP server must not serve this bridge"))
        }
    }

    private func canBind(_ type: __socket_type, address: IPv4Address, port: Int) -> Bool {
        let descriptor = socket(AF_INET, Int32(type.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer {
            let code = errno
            close(descriptor)
            errno = code
        }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        name.sin_addr.s_addr = address.bits.bigEndian
        return withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) == 0
            }
        }
    }

    private func hypervisor(_ findings: inout [CheckFinding]) async {
        let uri = configuration.hypervisor.libvirtURI
        let libvirt = LibvirtHypervisor(uri: uri, emulator: configuration.commands.qemu)
        do throws(PortError) {
            let found = try await libvirt.capabilities()
            findings.append(.fine("hypervisor", "\(found.version) at \(uri)"))
            switch found.acceleration {
            case .kvm: findings.append(.fine("acceleration", "KVM runs guest instructions"))
            case .tcg:
                findings.append(
                    .poor(
                        "acceleration", "guests are emulated (TCG), many times slower: \(found.accelerationReason)",
                        remedy: "give this machine working KVM, or set hypervisor.acceleration = tcg to accept it"))
            }
            findings += CheckFinding.emulators(try await libvirt.confinement())
        } catch {
            findings.append(
                .failed("hypervisor", "\(error)", remedy: "start libvirtd, or set libvirt.uri (now \(uri))"))
        }
    }

    private func filter(_ findings: inout [CheckFinding]) async {
        do throws(PortError) {
            let count = try await EbtablesTapFilter().observe().count
            findings.append(.fine("ebtables", "usable; rules of \(count) taps"))
        } catch {
            findings.append(
                .failed("ebtables", "\(error)", remedy: "install the package ebtables and run this as root"))
        }
    }

    private func storage(
        _ identity: NodeIdentity?, _ store: SQLiteStore?, _ findings: inout [CheckFinding]
    ) async {
        let paths = configuration.paths
        for storage in paths.storages {
            let remedy = storage.id == .standard ? "path.storage.root" : "path.storage.more"
            for folder in [storage.images, storage.overlays, storage.homes] where access(folder, W_OK) != 0 {
                findings.append(
                    .failed(
                        storage.id == .standard ? "storage" : "storage \(storage.id)",
                        "\(folder): \(SystemFailure.words(errno))",
                        remedy: "mkdir -p \(folder), or set \(remedy)"))
            }
        }
        guard let identity, let store else { return }
        let disks = ImageDisks(paths.standardStorage, of: identity.farm, configuration)
        do throws(PortError) {
            let space = try await disks.space()
            let words = "\(space.freeBytes >> 20) MiB free of \(space.totalBytes >> 20) MiB"
            findings.append(
                space.freeBytes >= freeBytesMin
                    ? .fine("disk space", words)
                    : .poor(
                        "disk space", words, remedy: "make room below \(paths.overlays): full storage fails starts"))
            for image in try await store.snapshot().images {
                await check(image, disks, &findings)
            }
        } catch {
            findings.append(.failed("storage", "\(error)", remedy: "mount the storage, or set path.storage.root"))
        }
    }

    private func check(_ image: DiskImage, _ disks: ImageDisks, _ findings: inout [CheckFinding]) async {
        do throws(PortError) {
            let facts = try await disks.inspect(imageFile: image.file)
            findings.append(
                .fine("image \(image.id)", "\(image.file), \(facts.format.rawValue), \(facts.virtualSize >> 20) MiB"))
        } catch {
            findings.append(
                .failed("image \(image.id)", "\(error)", remedy: "put the file back, or qvd di delete \(image.id)"))
        }
    }

    private func router(_ findings: inout [CheckFinding]) {
        do {
            let identity = try RouterIdentity(configuration)
            findings.append(.fine("router user", "\(configuration.router.user), uid \(identity.user)"))
        } catch {
            findings.append(.failed("router user", "\(error)", remedy: "see above"))
        }
    }
}

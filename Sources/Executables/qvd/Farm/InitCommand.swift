import ArgumentParser
import FarmModel
import FarmPorts
import Foundation
import NodeConfiguration
import OpenSSLSecrets
import SQLiteStore

struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init", abstract: "Make a new farm: its database, with nothing but the tenant `default`.",
        discussion: """
            The VM network is fixed for the farm's life. Addresses below --range-start are the nodes', those from \
            there to the end of the network are the VMs'. What the options leave out comes from vm.network.ip.start, \
            vm.network.netmask and vm.network.gateway in the configuration.
            """)

    @OptionGroup var farm: FarmOptions

    @Option(help: ArgumentHelp("The VM network, such as 10.3.0.0/16.", valueName: "address/length"))
    var network: String?

    @Option(help: ArgumentHelp("The first address for VMs.", valueName: "address"))
    var rangeStart: AddressArgument?

    @Option(help: ArgumentHelp("The router that guests are told by DHCP.", valueName: "address"))
    var gateway: AddressArgument?

    @Flag(help: "Print a configuration file with every key, its meaning and its default, and make nothing.")
    var sample = false

    mutating func run() async throws {
        guard !sample else { return show(NodeConfiguration.sample, terminator: "") }
        let configuration = try NodeConfiguration.read(from: farm.config)
        let addressPlan = try addressPlan(configuration.network)
        let bits = SystemRandom().bytes(3).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        let name = FarmID(bits: bits)
        let path = configuration.paths.database
        // The folder of the database is made by the store, those above it here.
        try make(URL(fileURLWithPath: path).deletingLastPathComponent().deletingLastPathComponent().path, mode: 0o755)
        let store = try await SQLiteStore.create(
            at: path, farm: name, addressPlan: addressPlan,
            access: DatabaseAccess(group: try group(configuration.databaseGroup)))
        await store.close()
        // Now, so that a folder that is missing later means storage that is not mounted.
        for folder in [configuration.paths.images, configuration.paths.overlays, configuration.paths.homes] {
            try make(folder, mode: 0o711)
        }
        let lastNode = IPv4Address(bits: addressPlan.rangeStart.bits - 1)
        show("made the farm \(name) in \(path)")
        show(
            "nodes have addresses up to \(lastNode), VMs from \(addressPlan.rangeStart) to"
                + " \(addressPlan.rangeEnd); next: qvd node add NAME --address ADDRESS")
    }

    private func addressPlan(_ defaults: ConfigurationValues<NetworkKeys>) throws -> AddressPlan {
        guard let start = rangeStart?.address ?? defaults.rangeStart else {
            throw ValidationError("say --range-start, or set vm.network.ip.start in the configuration")
        }
        let base: IPv4Address
        let length: Int
        if let network {
            let parts = network.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, let address = IPv4Address(String(parts[0])),
                let bits = NodeConfiguration.prefixLength(of: String(parts[1]))
            else { throw ValidationError("--network is `\(network)`; it must be ADDRESS/LENGTH, such as 10.3.0.0/16") }
            (base, length) = (address, bits)
        } else if let bits = defaults.prefixLength {
            (base, length) = (start, bits)
        } else {
            throw ValidationError("say --network, or set vm.network.netmask in the configuration")
        }
        return try AddressPlan(
            network: base, prefixLength: length, rangeStart: start, gateway: gateway?.address ?? defaults.gateway)
    }

    private func make(_ folder: String, mode: Int) throws {
        do {
            try FileManager.default.createDirectory(
                atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: mode])
        } catch {
            throw CommandFailure("the folder \(folder) cannot be made: \(error.localizedDescription); run this as root")
        }
    }

    private func group(_ name: String) throws -> UInt32 {
        guard let entry = getgrnam(name) else {
            throw CommandFailure(
                "the group \(name) (database.group) does not exist; make it with `groupadd --system \(name)`, and the"
                    + " router's user with `useradd --system --gid \(name) --shell /usr/sbin/nologin --no-create-home"
                    + " qvd-l7r`")
        }
        return entry.pointee.gr_gid
    }
}

package import FarmModel
import Glibc

/// What one node is told by its file, `/etc/qvd/node.conf`: `key = value` lines with the original's key names.
package struct NodeConfiguration: Sendable, Equatable {
    package static let standardPath = "/etc/qvd/node.conf"

    /// Where it was read from.
    package let file: String
    package let nodeName: String
    package let logLevel: LogLevel
    package let paths: Paths
    /// Name of the group that may open the database. The router runs with it.
    package let databaseGroup: String
    package let router: Router
    package let network: Network
    package let hypervisor: Hypervisor
    package let houseKeeper: HouseKeeper
    package let commands: Commands

    package enum LogLevel: String, Sendable, CaseIterable {
        case trace, debug, info, notice, warning, error, critical
    }

    /// Absolute paths.
    package struct Paths: Sendable, Equatable {
        package let run: String
        package let log: String
        package let images: String
        package let overlays: String
        package let homes: String
        /// Besides the standard one.
        package let moreStorages: [Storage]
        package let routerKey: String
        package let routerCertificate: String
        package let database: String
        package let lock: String
    }

    /// A place for disks. Base images are the same for all storages of a node.
    package struct Storage: Sendable, Equatable {
        package let id: StorageID
        package let images: String
        package let overlays: String
        package let homes: String
    }

    package struct Router: Sendable, Equatable {
        /// `0.0.0.0` for `*`.
        package let address: IPv4Address
        package let port: Int
        package let user: String
        package let usesTLS: Bool
        package let start: Duration
        package let stop: Duration
        package let listening: Duration
        package let agentCall: Duration
        package let takeOver: Duration
        package let xStartRetriesMax: Int
        package let storePoll: Duration
        package let sessionPoll: Duration
    }

    package struct Network: Sendable, Equatable {
        package let bridge: String
        package let allowsIPv6: Bool
        /// What `qvd init` stores in the farm when its own options do not say; the farm's database is the truth.
        package let rangeStart: IPv4Address?
        package let prefixLength: Int?
        package let gateway: IPv4Address?
    }

    package struct Hypervisor: Sendable, Equatable {
        package enum AccelerationChoice: String, Sendable, CaseIterable { case auto, kvm, tcg }
        package let libvirtURI: String
        package let acceleration: AccelerationChoice
        package let virtualCPUs: Int
        package let agentPort: Int
        /// Whether guests whose agent answers without the VM's secret may run.
        package let acceptsOriginalAgents: Bool
        /// Whether a VM whose agent died is kept for inspection instead of stopped.
        package let keepsHungVMs: Bool
    }

    package struct HouseKeeper: Sendable, Equatable {
        package let heavyMax: Int
        package let readEvery: Duration
        package let dhcpRestartDelay: Duration
        package let agentCall: Duration
        package let boot: Duration
        /// A running VM counts as hung when both the count and the time are exceeded.
        package let missesMax: Int
        package let silenceMax: Duration
        package let pingAfterMiss: Duration
        package let pingAfterAnswer: Duration
        package let powerOff: Duration
        package let shutdown: Duration
        package let zombieRetryMax: Duration
        package let routerStopTimeout: Duration
    }

    /// Absolute paths, or names to look up in PATH.
    package struct Commands: Sendable, Equatable {
        package let dnsmasq: String
        package let qemuImg: String
        package let qemu: String
    }

    /// A file at the standard path may be missing: then every key has its default.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read (with errno's words) or says something wrong.
    package static func read(from path: String = standardPath) throws(ConfigurationError) -> NodeConfiguration {
        if path == standardPath, access(path, F_OK) != 0, errno == ENOENT {
            return try NodeConfiguration(parsing: "", file: path)
        }
        return try NodeConfiguration(parsing: try contents(of: path), file: path)
    }

    /// - Parameter file: named in errors.
    package init(parsing text: String, file: String) throws(ConfigurationError) {
        let text = try ConfigurationText(text, file: file)
        self.file = file
        nodeName = try text.text(.nodename) ?? machineName()
        logLevel = try text.value(.logLevel, expected: choices(LogLevel.self)) { LogLevel(rawValue: $0.lowercased()) }
        paths = try Paths(text)
        databaseGroup = try text.value(.databaseGroup, expected: "the name of a group") { $0 }
        router = try Router(text)
        network = try Network(text)
        hypervisor = try Hypervisor(text)
        houseKeeper = try HouseKeeper(text)
        commands = try Commands(text)
    }

    /// A file with every key, its meaning and its default, all commented out.
    package static var sample: String {
        var lines = ["# \(standardPath): what this node is and where it keeps things. Every key has the default shown."]
        for key in ConfigurationKey.allCases {
            lines += ["", "# \(key.summary)", "#\(key.rawValue) = \(key.defaultText ?? "")"]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

func choices<Choice: CaseIterable & RawRepresentable>(_ type: Choice.Type) -> String where Choice.RawValue == String {
    "one of " + type.allCases.map(\.rawValue).joined(separator: ", ")
}

/// The kernel's host name, up to the first dot.
private func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let bytes = buffer.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: ".")) }
    return String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

private func contents(of path: String) throws(ConfigurationError) -> String {
    func failure() -> ConfigurationError {
        let reason = String(cString: strerror(errno))
        return ConfigurationError(
            file: path, line: nil,
            message: "cannot be read: \(reason) (errno \(errno)); write one (`qvd init --sample` prints one) or name"
                + " another with --config")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw failure() }
        if count == 0 { break }
        bytes += chunk[..<count]
        guard bytes.count <= 1 << 20 else {
            throw ConfigurationError(file: path, line: nil, message: "is larger than 1 MiB; this is no node.conf")
        }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ConfigurationError(file: path, line: nil, message: "is not UTF-8 text")
    }
    return text
}

// swift-tools-version: 6.2
import PackageDescription

// One set of flags for every target of ours. `make` adds release mode with testability, so the demo,
// the tests and the benchmarks share one build folder.
let settings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// A simulation has one thread, which `Confined` checks; exclusive access is not checked on top, for it is asked for at
// every step of millions.
let simulationSettings = settings + [.unsafeFlags(["-enforce-exclusivity=unchecked"])]

let log: Target.Dependency = .product(name: "Logging", package: "swift-log")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let subprocess: Target.Dependency = .product(name: "Subprocess", package: "swift-subprocess")
let nio: [Target.Dependency] = [
    .product(name: "NIOCore", package: "swift-nio"),
    .product(name: "NIOPosix", package: "swift-nio"),
    .product(name: "NIOHTTP1", package: "swift-nio"),
]
let tls: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")

/// What Foundation's static library stands on; only a program compiled for the static library names these by itself.
let foundation = ["_FoundationCollections", "_FoundationCShims"]

let pureDependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-argument-parser.git", from: "1.8.0"),
    .package(url: "https://github.com/apple/swift-log.git", from: "1.16.0"),
    .package(url: "https://github.com/apple/swift-collections.git", from: "1.6.0"),
    .package(url: "https://github.com/jpsim/Yams.git", from: "6.2.0"),
]
let outsideDependencies: [Package.Dependency] = [
    .package(url: "https://github.com/apple/swift-nio.git", from: "2.101.0"),
    .package(url: "https://github.com/apple/swift-nio-ssl.git", from: "2.37.0"),
    .package(url: "https://github.com/swiftlang/swift-subprocess.git", from: "1.0.0"),
]

let package = Package(
    name: "qvd",
    dependencies: pureDependencies + outsideDependencies,
    targets: [
        // Decisions: values in, values out.
        .target(name: "FarmModel", swiftSettings: settings),
        .target(
            name: "FarmRules", dependencies: ["FarmModel", "FarmControl", "TextEncodings"], swiftSettings: settings),
        .target(name: "FarmControl", dependencies: ["FarmModel", "TextEncodings"], swiftSettings: settings),
        .target(name: "FarmPorts", dependencies: ["FarmModel"], swiftSettings: settings),
        // Every operation of the store ports, as one transaction on rows.
        .target(name: "FarmStore", dependencies: ["FarmModel", "FarmRules", "FarmPorts"], swiftSettings: settings),
        // The rows in an SQL database: text, statements, migrations; a database's adapter connects it.
        .target(name: "SQLRecords", dependencies: ["FarmModel", "FarmRules", "FarmPorts"], swiftSettings: settings),
        .target(
            name: "FarmServices", dependencies: ["FarmModel", "FarmControl", "FarmPorts", "TextEncodings", log],
            swiftSettings: settings),
        .target(name: "TextEncodings", swiftSettings: settings),
        .target(name: "DiskHeaders", dependencies: ["TextEncodings"], swiftSettings: settings),
        .target(name: "GuestProtocol", dependencies: ["FarmModel", "TextEncodings"], swiftSettings: settings),
        .target(name: "GuestControl", dependencies: ["FarmModel", "GuestProtocol"], swiftSettings: settings),

        // C libraries.
        .systemLibrary(
            name: "CLibvirt", path: "Sources/C/CLibvirt", pkgConfig: "libvirt",
            providers: [.apt(["libvirt-dev"])]),
        .systemLibrary(
            name: "CSQLite", path: "Sources/C/CSQLite", pkgConfig: "sqlite3",
            providers: [.apt(["libsqlite3-dev"])]),
        .target(name: "CLinux", path: "Sources/C/CLinux"),
        .target(name: "CProcess", path: "Sources/C/CProcess"),
        .target(name: "CAgent", path: "Sources/C/CAgent"),
        .target(name: "COpenSSL", path: "Sources/C/COpenSSL", linkerSettings: [.linkedLibrary("crypto")]),

        // Adapters: one outside system each, on common ground.
        .target(name: "SystemCalls", dependencies: ["FarmPorts"], swiftSettings: settings),
        .target(name: "ProgramRuns", dependencies: ["FarmPorts", "SystemCalls", subprocess], swiftSettings: settings),
        adapter("LibvirtHypervisor", ["CLibvirt", "SystemCalls", subprocess]),
        .target(name: "NetlinkCalls", dependencies: ["FarmPorts", "CLinux"], swiftSettings: settings),
        adapter("NetlinkNetwork", ["CLinux", "NetlinkCalls"]),
        adapter("EbtablesFilter", ["NetlinkCalls", "ProgramRuns", "SystemCalls", "TextEncodings"]),
        adapter("DnsmasqAddresses", ["SystemCalls", subprocess]),
        adapter("ImageDisks", ["DiskHeaders", "ProgramRuns", "SystemCalls"]),
        // The one adapter with rules inside: a transaction runs them on its rows.
        adapter("SQLiteStore", ["CSQLite", "FarmRules", "FarmStore", "SQLRecords", "SystemCalls"]),
        adapter("OpenSSLSecrets", ["COpenSSL", "SystemCalls", "TextEncodings"]),
        adapter("HTTPGuestAgent", ["GuestProtocol"] + nio),
        adapter("NIOTransport", ["TextEncodings"] + nio + [tls]),
        adapter("SystemClock", []),

        // Simulation: the same services on in-memory ports and a virtual clock.
        .target(
            name: "Simulator", dependencies: [.product(name: "HeapModule", package: "swift-collections")],
            path: "Simulation/Simulator", swiftSettings: simulationSettings),
        .target(
            name: "SimulatedPorts",
            dependencies: ["FarmModel", "FarmRules", "FarmControl", "FarmPorts", "FarmStore", "Simulator"],
            path: "Simulation/SimulatedPorts", swiftSettings: simulationSettings),
        .target(
            name: "Scenarios",
            dependencies: [
                "FarmModel", "FarmRules", "FarmControl", "FarmPorts", "FarmServices", "TextEncodings", "Simulator",
                "SimulatedPorts", "Yams", log,
            ],
            path: "Simulation/Scenarios", swiftSettings: simulationSettings),
        .executableTarget(
            name: "qvd-sim", dependencies: ["Scenarios", "SimulatedPorts", "Simulator", "TextEncodings", arguments],
            path: "Simulation/qvd-sim", swiftSettings: settings),

        // Executables: arguments and wiring.
        .target(
            name: "NodeConfiguration", dependencies: ["FarmModel"],
            path: "Sources/Executables/NodeConfiguration", swiftSettings: settings),
        executable(
            "qvd-node",
            [
                "NodeConfiguration", "FarmControl", "FarmServices", "FarmStore", "LibvirtHypervisor", "NetlinkNetwork",
                "EbtablesFilter", "DnsmasqAddresses", "ImageDisks", "SQLiteStore", "OpenSSLSecrets",
                "HTTPGuestAgent", "NIOTransport", "SystemClock", "CProcess", "TextEncodings", log, arguments,
            ]),
        executable(
            "qvd",
            [
                "NodeConfiguration", "FarmControl", "FarmServices", "FarmStore", "SQLiteStore", "ImageDisks",
                "OpenSSLSecrets", "SystemClock", "SystemCalls", "TextEncodings", log, arguments,
            ]),
        executable("qvd-client", ["GuestProtocol", "TextEncodings", "COpenSSL"] + nio + [tls, arguments, subprocess]),
        // The agent runs in guests that have no Swift: its library is linked in.
        executable(
            "qvd-vma", ["GuestProtocol", "GuestControl", "TextEncodings", "CAgent"] + nio + [arguments],
            linker: [.unsafeFlags(["-static-stdlib"] + foundation.map { "-l\($0)" })]),

        // Tests.
        .target(
            name: "PortContracts", dependencies: ["FarmModel", "FarmControl", "FarmPorts"],
            path: "Tests/PortContracts", swiftSettings: settings),
        .target(name: "Goldens", path: "Tests/Goldens", swiftSettings: settings),
        .target(
            name: "NodeRig", dependencies: ["FarmModel", "GuestControl", "CLinux", subprocess],
            path: "Tests/NodeRig", swiftSettings: settings),
        tests("FarmModelTests", ["FarmModel"]),
        tests("FarmControlTests", ["FarmModel", "FarmRules", "FarmControl", "PortContracts"]),
        tests(
            "FarmServicesTests",
            [
                "FarmModel", "FarmRules", "FarmControl", "FarmPorts", "FarmStore", "FarmServices", "Simulator",
                "SimulatedPorts", log,
            ]),
        tests("TextEncodingsTests", ["TextEncodings"]),
        tests("DiskHeadersTests", ["DiskHeaders"]),
        tests("SystemCallsTests", ["FarmPorts", "SystemCalls"]),
        tests("ProgramRunsTests", ["FarmPorts", "ProgramRuns"]),
        tests("GuestProtocolTests", ["FarmModel", "TextEncodings", "GuestProtocol"]),
        tests("GuestControlTests", ["FarmModel", "GuestProtocol", "GuestControl"]),
        tests(
            "SimulationTests",
            [
                "FarmModel", "FarmControl", "FarmPorts", "FarmServices", "Simulator", "SimulatedPorts",
                "Scenarios", "PortContracts", "Goldens",
            ]),
        tests("TidyTests", []),
        tests(
            "StoreTests",
            [
                "FarmModel", "FarmRules", "FarmControl", "FarmPorts", "FarmStore", "PortContracts", "SQLRecords",
                "SQLiteStore", "Simulator", "SimulatedPorts", "CSQLite", "Goldens",
            ]),
        tests(
            "RouterTests",
            [
                "Goldens", "FarmModel", "FarmControl", "FarmPorts", "FarmServices", "FarmStore", "PortContracts",
                "NIOTransport", "OpenSSLSecrets", "HTTPGuestAgent", "GuestProtocol", "SystemClock", "SimulatedPorts",
                subprocess, tls, log,
            ] + nio),
        tests(
            "AdapterTests",
            [
                "FarmModel", "FarmControl", "FarmPorts", "PortContracts", "NodeRig", "Goldens", "ProgramRuns",
                "LibvirtHypervisor",
                "NetlinkCalls", "NetlinkNetwork", "EbtablesFilter", "DnsmasqAddresses", "ImageDisks", "OpenSSLSecrets",
                "SystemClock", "CLinux", subprocess,
            ]),
        tests(
            "ExecutableTests",
            [
                "FarmModel", "FarmPorts", "FarmStore", "NodeConfiguration", "SQLRecords", "SQLiteStore", "Goldens",
                subprocess,
            ]),
        tests(
            "Benchmarks",
            [
                "FarmModel", "FarmControl", "FarmPorts", "FarmStore", "NodeRig", "NetlinkNetwork", "EbtablesFilter",
                "Simulator", "SimulatedPorts", "Scenarios", "SQLiteStore", subprocess,
            ]),
        tests(
            "NodeTests",
            [
                "FarmModel", "FarmPorts", "PortContracts", "HTTPGuestAgent", "SystemClock", "NodeRig", "GuestProtocol",
                "GuestControl", subprocess,
            ]),
    ]
)

func adapter(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .target(
        name: name, dependencies: ["FarmModel", "FarmPorts", log] + dependencies, path: "Sources/Adapters/\(name)",
        swiftSettings: settings)
}

func executable(_ name: String, _ dependencies: [Target.Dependency], linker: [LinkerSetting] = []) -> Target {
    .executableTarget(
        name: name, dependencies: ["FarmModel", "FarmPorts"] + dependencies, path: "Sources/Executables/\(name)",
        swiftSettings: settings, linkerSettings: linker)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: settings)
}

// With QVD_PURE in the environment (`make test-pure`, `make test-mutants`) everything is left out that stands on one of
// these, directly or through another target. What remains needs no network package, no libvirt, no OpenSSL and no root.
if Context.environment["QVD_PURE"] != nil {
    var outside: Set = [
        "swift-nio", "swift-nio-ssl", "swift-subprocess", "CLibvirt", "CLinux", "COpenSSL", "CProcess", "CAgent",
    ]
    func isOutside(_ target: Target) -> Bool {
        outside.contains(target.name)
            || target.dependencies.contains { dependency in
                switch dependency {
                case .productItem(_, let package, _, _): outside.contains(package ?? "")
                case .targetItem(let name, _), .byNameItem(let name, _): outside.contains(name)
                @unknown default: false
                }
            }
    }
    // One after the other, because what falls out takes with it what stands on it.
    while let index = package.targets.firstIndex(where: isOutside) {
        outside.insert(package.targets.remove(at: index).name)
    }
    package.dependencies = pureDependencies
    // A new dependency must not take tests out of the pure ones unseen.
    for name in [
        "FarmModelTests", "FarmControlTests", "FarmServicesTests", "GuestProtocolTests", "GuestControlTests",
        "SimulationTests", "StoreTests", "SystemCallsTests", "TextEncodingsTests", "DiskHeadersTests", "TidyTests",
    ] {
        precondition(package.targets.contains { $0.name == name }, "\(name) stands on a package of the network now")
    }
}

import XCTest

/// The walls between modules: arrows point down only, and what breaks determinism stays out of decisions.
final class WallTests: XCTestCase {
    /// What each module may import of ours. A module that is not listed may import nothing of ours.
    private static let allowed: [String: Set<String>] = {
        let ports: Set<String> = ["FarmModel", "FarmPorts"]
        let services = ports.union(["FarmControl"])
        // What adapters stand on: how a file is replaced, a blocking call made; how a program is run; how the
        // kernel is asked.
        let ground = "SystemCalls"
        let programs = "ProgramRuns"
        let netlink = "NetlinkCalls"
        let adapters = [
            "LibvirtHypervisor": ["CLibvirt", ground], "NetlinkNetwork": ["CLinux", netlink],
            "EbtablesFilter": [netlink, programs, ground, "TextEncodings"], "DnsmasqAddresses": [ground],
            "ImageDisks": [programs, ground, "DiskHeaders"],
            // Its transactions run the rules of administration on its rows.
            "SQLiteStore": ["CSQLite", "FarmRules", "FarmStore", "SQLRecords", ground],
            "OpenSSLSecrets": ["COpenSSL", ground, "TextEncodings"],
            "HTTPGuestAgent": ["GuestProtocol"], "NIOTransport": ["TextEncodings"], "SystemClock": [],
        ]
        var table: [String: Set<String>] = [
            "FarmModel": [], "FarmRules": ["FarmModel", "FarmControl", "TextEncodings"],
            "FarmControl": ["FarmModel", "TextEncodings"],
            "FarmPorts": ["FarmModel"],
            // A transaction runs the rules on its rows, and says their errors in the ports' words.
            "FarmStore": ports.union(["FarmRules"]),
            "SQLRecords": ports.union(["FarmRules"]),
            "FarmServices": services.union(["TextEncodings"]),
            // Texts know nothing of a farm; the wire knows its nouns; the agent decides by what the wire says.
            "TextEncodings": [], "GuestProtocol": ["FarmModel", "TextEncodings"],
            "GuestControl": ["FarmModel", "GuestProtocol"], "DiskHeaders": ["TextEncodings"],
            // It says with the ports' own error what is known of a program that was killed.
            ground: ["FarmPorts"], programs: ["FarmPorts", ground],
            netlink: ["FarmPorts", "CLinux"],
            "Simulator": [], "NodeConfiguration": ["FarmModel"],
            // The store in memory gives its rows to the same rules.
            "SimulatedPorts": services.union(["FarmRules", "FarmStore", "Simulator"]),
            // Its users send the header of Basic authentication.
            "Scenarios": services.union(["FarmRules", "FarmServices", "Simulator", "SimulatedPorts", "TextEncodings"]),
            "qvd-sim": services.union(["FarmServices", "Simulator", "SimulatedPorts", "Scenarios", "TextEncodings"]),
        ]
        for (name, extra) in adapters { table[name] = ports.union(extra) }
        let every = services.union(adapters.keys)
            .union([
                "FarmServices", "FarmStore", "TextEncodings", "GuestProtocol", "GuestControl", "NodeConfiguration",
                "CProcess", "CAgent", "COpenSSL", ground, programs,
            ])
        for name in ["qvd-node", "qvd", "qvd-client", "qvd-vma"] { table[name] = every }
        return table
    }()

    func testNoModuleImportsWhatIsAboveOrBesideIt() throws {
        let ours = Set(Self.allowed.keys)
            .union(["CLibvirt", "CSQLite", "CLinux", "COpenSSL", "CProcess", "CAgent"])
        for file in try SourceTree(["Sources", "Simulation"]).files {
            let allowed = try XCTUnwrap(Self.allowed[file.module], "\(file.path): add the module to the table")
            for (module, line) in file.imports where ours.contains(module) && module != file.module {
                XCTAssert(allowed.contains(module), "\(file.path):\(line): \(file.module) may not import \(module)")
            }
        }
        try assertAllExist(Self.allowed.keys)
    }

    func testDecisionsImportNothingButTheModel() throws {
        let pure: [String: Set<String>] = [
            "FarmModel": [], "FarmPorts": ["FarmModel"],
            "FarmRules": ["FarmModel", "FarmControl", "TextEncodings"],
            "FarmControl": ["FarmModel", "TextEncodings", "OrderedCollections"],
            "FarmServices": ["FarmModel", "FarmControl", "FarmPorts", "TextEncodings", "Logging"],
            "FarmStore": ["FarmModel", "FarmRules", "FarmPorts"],
            // The agent is linked without Foundation's large parts, and decides alike in tests and in a guest.
            "TextEncodings": [], "GuestProtocol": ["FarmModel", "TextEncodings"],
            "GuestControl": ["FarmModel", "GuestProtocol"], "DiskHeaders": ["TextEncodings"],
        ]
        for file in try SourceTree(["Sources"]).files {
            guard let allowed = pure[file.module] else { continue }
            for (module, line) in file.imports {
                XCTAssert(
                    allowed.contains(module),
                    "\(file.path):\(line): imports \(module); decisions and services know"
                        + " no clock, no IO and no outside system")
            }
        }
        try assertAllExist(pure.keys)
    }

    /// Text that may not appear in code that the simulator runs, each with the reason.
    private static let banned: [(text: String, reason: String)] = [
        ("Task {", "an unstructured task leaves the simulator's executor"),
        ("Task.detached", "a detached task leaves the simulator's executor"),
        ("Task.sleep", "sleeps real time; use the clock port"),
        ("@MainActor", "the main actor's executor is not the simulator's"),
        ("ContinuousClock", "reads the machine's clock; use the clock port"),
        ("SuspendingClock", "reads the machine's clock; use the clock port"),
        (".random(", "is not replayed from a seed; use the random port or a passed generator"),
        ("SystemRandomNumberGenerator", "is not replayed from a seed"),
        (".shuffled()", "is not replayed from a seed"),
        ("Date()", "reads the machine's clock; use the clock port"),
        ("UUID()", "is not replayed from a seed; use the random port"),
        ("ObjectIdentifier(", "differs from run to run"),
        (".hashValue", "differs from process to process"),
        ("print(", "services speak through their log, decisions through their result"),
    ]

    func testWhatTheSimulatorRunsIsDeterministic() throws {
        let modules: Set<String> = [
            "FarmModel", "FarmRules", "FarmControl", "FarmPorts", "FarmStore", "FarmServices", "SimulatedPorts",
        ]
        for file in try SourceTree(["Sources", "Simulation"]).files where modules.contains(file.module) {
            for (number, line) in file.lines.enumerated() where !isComment(line) {
                for ban in Self.banned where contains(line, ban.text) {
                    XCTFail("\(file.path):\(number + 1): \(ban.text) \(ban.reason)")
                }
            }
        }
        try assertAllExist(modules)
    }

    /// Text of others reaches a terminal through one function of each program, which makes it fit to be shown.
    func testTextReachesTerminalsThroughOneFunction() throws {
        let ways: [String: String] = [
            "qvd": "Output.swift", "qvd-sim": "Output.swift", "qvd-client": "Terminal.swift",
            "qvd-node": "CheckCommand.swift", "qvd-vma": "AgentLog.swift",
        ]
        for file in try SourceTree(["Sources", "Simulation"]).files {
            guard let way = ways[file.module], !file.path.hasSuffix("/\(way)") else { continue }
            for (number, line) in file.lines.enumerated() where !isComment(line) {
                let isDirect = contains(line, "print(") && !line.contains(".print(") && !line.contains("func print(")
                XCTAssertFalse(isDirect, "\(file.path):\(number + 1): prints beside \(way)")
            }
        }
        try assertAllExist(ways.keys)
    }

    /// A rule about a module that is not there any more holds for nothing.
    private func assertAllExist(_ modules: some Collection<String>) throws {
        let found = Set(try SourceTree(["Sources", "Simulation"]).files.map(\.module))
        XCTAssertEqual(Set(modules).subtracting(found), [], "these modules have no files: rename them here too")
    }

    func testNoStubIsLeft() throws {
        let words = ["TO" + "DO", "FIX" + "ME", "not " + "implemented", "unimple" + "mented", "XCT" + "Skip"]
        for file in try SourceTree().files {
            for (number, line) in file.lines.enumerated() {
                for word in words where line.contains(word) {
                    XCTFail("\(file.path):\(number + 1): \(word)")
                }
            }
        }
    }

    /// A key of node.conf that is read and then forgotten would be a promise to operators that nobody keeps.
    func testEveryConfigurationValueIsUsed() throws {
        let files = try SourceTree(["Sources/Executables"]).files
        let tables = files.filter { $0.path.hasSuffix("Keys.swift") }
        let users = files.filter { $0.module != "NodeConfiguration" }.map { $0.lines.joined(separator: "\n") }
        // The first has one value, so that nobody needs to ask; the second is read as `storages`.
        let unasked = ["kind", "namedStorages"]
        var values = 0
        for table in tables {
            let text = table.lines.joined(separator: "\n")
            for (number, line) in table.lines.enumerated() {
                guard let range = line.range(of: "package let "), line.contains("= ConfigurationKey") else { continue }
                values += 1
                let name = String(line[range.upperBound...].prefix { $0 != " " })
                let key = text.components(separatedBy: "package let \(name) = ")[1].components(separatedBy: "\"")[1]
                XCTAssert(
                    unasked.contains(name) || text.contains("${\(key)}") || users.contains { $0.contains(".\(name)") },
                    "\(table.path):\(number + 1): no program uses `\(name)`")
            }
        }
        XCTAssertGreaterThan(values, 50, "keys were not found in \(tables.map(\.path))")
    }

    private func isComment(_ line: String) -> Bool {
        line.drop { $0 == " " }.hasPrefix("//")
    }

    /// `text` as a word of its own: `Task {` is not `withTask {`, `print(` is not `fingerprint(`.
    private func contains(_ line: String, _ text: String) -> Bool {
        guard let range = line.range(of: text) else { return false }
        guard range.lowerBound > line.startIndex, text.first?.isLetter == true else { return true }
        let before = line[line.index(before: range.lowerBound)]
        return !before.isLetter && before != "." && before != "_"
    }
}

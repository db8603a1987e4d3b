import Foundation

/// The programs of this build on a copy of an old database (fixtures/compatibility), brought to this version's schema.
struct OldFarmRig {
    let administration: AdministrationRig
    private static let fixtures = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "fixtures/compatibility")

    init() throws {
        administration = try AdministrationRig()
        let files = FileManager.default
        for folder in ["database", "storage/homes", "storage/overlays", "storage/images", "run"] {
            try files.createDirectory(atPath: administration.path(folder), withIntermediateDirectories: true)
        }
        try files.copyItem(
            at: Self.fixtures.appending(path: "farm-schema-1.db"), to: URL(filePath: administration.database))
        let upgraded = try administration.qvd("upgrade")
        guard upgraded.status == 0 else { throw RigError("qvd upgrade: \(upgraded.errors)") }
        let status = try administration.qvd("status", "--json").output
        guard let farm = try JSONSerialization.jsonObject(with: Data(status.utf8)) as? [String: Any],
            let name = farm["farm"] as? String
        else { throw RigError("qvd status --json: \(status)") }
        // User disks of a VM that was deleted and of one that was not.
        for vm in [10, 1] {
            try Data(count: 4096).write(to: URL(filePath: administration.path("storage/homes/\(name)-\(vm).raw")))
        }
    }

    /// Every command that prints JSON, by its words, with command lines that together show each kind of row.
    func listsAndShows() throws -> [(command: String, variants: [[String]])] {
        var commands: [(String, [[String]])] = [
            ("status", [["status"]]), ("audit", [["audit"]]), ("disks list", [["disks", "list"]]),
            ("disks list --all", [["disks", "list", "--all"]]),
        ]
        for noun in ["tenant", "user", "osf", "di", "node", "vm", "property", "config"] {
            commands.append(("\(noun) list", [[noun, "list"]]))
        }
        for (noun, count) in [("tenant", 3), ("user", 5), ("osf", 3), ("di", 5), ("node", 2), ("vm", 9)] {
            commands.append(("\(noun) show", (1...count).map { [noun, "show", "id:\($0)"] }))
        }
        return commands
    }

    /// Runs a program with nothing on standard input. CONFIG, FOLDER and FIXTURES in an argument stand for the
    /// configuration file, the test's own folder and the folder of all fixtures.
    ///
    /// - Returns: its exit code.
    func run(_ program: String, _ arguments: [String]) throws -> Int32 {
        let process = Process()
        process.executableURL = AdministrationRig.program.deletingLastPathComponent().appending(path: program)
        process.arguments = arguments.map { argument in
            argument.replacingOccurrences(of: "CONFIG", with: administration.configuration)
                .replacingOccurrences(of: "FOLDER", with: administration.folder.path)
                .replacingOccurrences(of: "FIXTURES", with: Self.fixtures.deletingLastPathComponent().path)
        }
        var environment = ProcessInfo.processInfo.environment.filter { !$0.key.hasPrefix("QVD_") }
        environment["QVD_CONFIG"] = administration.configuration
        environment["HOME"] = administration.folder.path
        process.environment = environment
        process.standardInput = FileHandle.nullDevice
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        guard process.terminationReason == .exit else {
            throw RigError("\(program) \(arguments) was ended by signal \(process.terminationStatus)")
        }
        return process.terminationStatus
    }
}

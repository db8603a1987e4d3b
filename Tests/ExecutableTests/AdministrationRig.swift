import FarmModel
import FarmPorts
import FarmStore
import Foundation
import SQLiteStore

/// Runs `qvd` of the same build on a farm of the test's own.
final class AdministrationRig: Sendable {
    let folder: URL

    struct Answer {
        let status: Int32
        let output: String
        let errors: String
    }

    init() throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("qvd-cli-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        // The group of root exists on every machine.
        let lines = [
            "nodename = node1", "path.run = \(folder.path)/run", "path.storage.root = \(folder.path)/storage",
            "database.path = \(database)", "database.group = root",
        ]
        try lines.joined(separator: "\n").write(toFile: configuration, atomically: true, encoding: .utf8)
    }

    deinit {
        do { try FileManager.default.removeItem(at: folder) } catch { print("left \(folder.path): \(error)") }
    }

    var configuration: String { folder.appendingPathComponent("node.conf").path }
    var database: String { folder.appendingPathComponent("database/farm.db").path }
    func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

    /// Where the test's own program lies: beside it are the others of the same build.
    static let program = URL(filePath: CommandLine.arguments[0]).resolvingSymlinksInPath().deletingLastPathComponent()
        .appending(path: "qvd")

    func start(_ arguments: [String], input: String = "", output: Pipe? = nil, errors: Pipe? = nil) throws -> Process {
        let process = Process()
        process.executableURL = Self.program
        process.arguments = ["--config", configuration] + arguments
        let standardInput = Pipe()
        process.standardInput = standardInput
        process.standardOutput = output ?? FileHandle.nullDevice
        process.standardError = errors ?? FileHandle.nullDevice
        try process.run()
        try standardInput.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try standardInput.fileHandleForWriting.close()
        return process
    }

    @discardableResult
    func qvd(_ arguments: String..., input: String = "") throws -> Answer { try qvd(arguments, input: input) }

    @discardableResult
    func qvd(_ arguments: [String], input: String = "") throws -> Answer {
        let (output, errors) = (Pipe(), Pipe())
        let process = try start(arguments, input: input, output: output, errors: errors)
        let text = output.fileHandleForReading.readDataToEndOfFile()
        let complaint = errors.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Answer(
            status: process.terminationStatus, output: String(decoding: text, as: UTF8.self),
            errors: String(decoding: complaint, as: UTF8.self))
    }

    /// A farm with one node, one OSF with one image, one user and one VM.
    func makeFarm(network: String = "10.3.0.0/24", rangeStart: String = "10.3.0.100") throws {
        _ = run("/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", path("base.qcow2"), "16M")
        for command in [
            ["init", "--network", network, "--range-start", rangeStart, "--gateway", "10.3.0.1"],
            ["node", "add", "node1", "--address", "10.3.0.1"], ["osf", "add", "office", "--memory", "256"],
            ["di", "add", "office", path("base.qcow2")], ["vm", "add", "desk", "--user", "alice", "--osf", "office"],
        ] {
            if command[0] == "vm" { try qvd("user", "add", "alice", input: "wonderland\n") }
            let process = try start(command)
            process.waitUntilExit()
            guard process.terminationStatus == 0 else { throw RigError("qvd \(command) failed") }
        }
    }

    /// Every row of the farm and the name of every file of its storage: what a refused command leaves as it was.
    func everything(in store: SQLiteStore) async throws -> (rows: FarmSnapshot, files: [String]) {
        (try await store.snapshot(), try FileManager.default.subpathsOfDirectory(atPath: path("storage")).sorted())
    }

    func run(_ program: String, _ arguments: String...) -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = arguments
        do { try process.run() } catch { return -1 }
        process.waitUntilExit()
        return process.terminationStatus
    }
}

struct RigError: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

import ArgumentParser
import FarmControl
import FarmModel
import FarmPorts
import FarmStore
import Foundation
import ImageDisks
import NodeConfiguration
import SQLiteStore
import SystemClock

/// What every verb takes.
struct FarmOptions: ParsableArguments {
    @Option(
        name: [.long, .customShort("f")],
        help: ArgumentHelp("The node's configuration, which says where the database is.", valueName: "file"))
    var config = ProcessInfo.processInfo.environment[Self.variable] ?? NodeConfiguration.standardPath

    static let variable = "QVD_CONFIG"
}

/// A verb that works on an existing farm.
protocol FarmCommand: AsyncParsableCommand {
    var farm: FarmOptions { get }
    func run(in session: FarmSession) async throws
}

extension FarmCommand {
    mutating func run() async throws {
        let session = try await FarmSession.open(try NodeConfiguration.read(from: farm.config))
        do {
            try await run(in: session)
        } catch {
            await session.store.close()
            throw error
        }
        await session.store.close()
    }
}

/// An open farm and who works on it.
struct FarmSession: Sendable {
    let configuration: NodeConfiguration
    let store: SQLiteStore

    static func open(_ configuration: NodeConfiguration) async throws -> FarmSession {
        FarmSession(
            configuration: configuration, store: try await SQLiteStore.open(at: configuration.paths.database))
    }

    var now: WallTime { SystemClock().wallTime }

    var actor: Actor {
        let user = getuid()
        let name = getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "user"
        return .console(name: "\(name) (uid \(user)) by qvd")
    }

    /// - Throws: the refusal, or why the database could not be used.
    @discardableResult
    func apply(_ command: AdministrationCommand) async throws -> AdministrationResult {
        try await store.apply(command, by: actor, at: now).get()
    }

    func references() async throws -> References { References(try await store.snapshot()) }

    func disks() async throws -> ImageDisks {
        let paths = configuration.paths
        return ImageDisks(
            farm: try await store.farm().farm,
            folders: DiskFolders(images: paths.images, overlays: paths.overlays, homes: paths.homes),
            command: configuration.commands.qemuImg)
    }

    /// Does one thing to each, says what failed, and goes on with the rest.
    ///
    /// - Throws: an empty `CommandFailure` when any failed.
    func forEach(_ names: [String], _ body: (String) async throws -> Void) async throws {
        var hasFailed = false
        for name in names {
            do {
                try await body(name)
            } catch {
                complain(error)
                hasFailed = true
            }
        }
        if hasFailed { throw CommandFailure("") }
    }
}

import ArgumentParser
import FarmModel
import FarmPorts
import FarmServices
import FarmStore
import Foundation
import ImageDisks
import NodeConfiguration
import OpenSSLSecrets
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
    let farm: Administration

    static func open(_ configuration: NodeConfiguration) async throws -> FarmSession {
        let store = try await SQLiteStore.open(at: configuration.paths.database)
        let ports = AdministrationPorts(store: store, clock: SystemClock(), random: SystemRandom())
        return FarmSession(
            configuration: configuration, store: store, farm: Administration(ports: ports, actor: actor))
    }

    var now: WallTime { SystemClock().wallTime }

    private static var actor: Actor {
        let user = getuid()
        let name = getpwuid(user).map { String(cString: $0.pointee.pw_name) } ?? "user"
        return .console(name: "\(name) (uid \(user)) by qvd")
    }

    func owner(_ kind: PropertyKind, _ text: String) async throws -> PropertyOwner {
        switch kind {
        case .osf: .osf(try await farm.osf(text).osf.id)
        case .di: .image(try await farm.image(text).image.id)
        case .user: .user(try await farm.user(text).user.id)
        case .vm: .vm(try await farm.vm(text).vm.id)
        case .node: .node(try await farm.node(text).node.id)
        }
    }

    /// As one value of a listing.
    func properties(of owner: PropertyOwner) async throws -> (name: String, value: Listing.Value) {
        ("properties", .pairs(try await farm.properties(of: owner)))
    }

    /// Whether this node has the storage.
    func has(_ id: StorageID) -> Bool { configuration.paths.storages.contains { $0.id == id } }

    /// - Throws: `CommandFailure` for a storage that this node does not have.
    func disks(_ id: StorageID = .standard) async throws -> ImageDisks {
        guard let storage = configuration.paths.storages.first(where: { $0.id == id }) else {
            throw CommandFailure(
                "this node has no storage `\(id)`; name it in path.storage.more of \(configuration.file), or run this"
                    + " on a node that has it")
        }
        return ImageDisks(
            farm: try await store.farm().farm,
            folders: DiskFolders(images: storage.images, overlays: storage.overlays, homes: storage.homes),
            command: configuration.commands.qemuImg)
    }

    /// What comes of the wish to delete the disk, in words; waits a little for a node to do it.
    func fate(of disk: UserDiskID) async throws -> String {
        switch try await farm.awaitDeletion(of: disk, atMost: .seconds(5)) {
        case .done: "\(disk) is deleted"
        case .hindered(let error):
            "\(disk) could not be deleted yet, and is tried again (`qvd disks list`): \(error)"
        case .open: "\(disk) will be deleted as soon as a node that has its storage runs (`qvd disks list`)"
        }
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

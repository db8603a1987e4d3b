import ArgumentParser
import FarmModel

struct PropertyList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the properties of one object, or all.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind?
    @Argument(help: "Which one.") var object: String?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        var rows: [(order: (String, Int64, String), row: Listing.Row)] = []
        let only = try kind.flatMap { kind in try object.map { try names.owner(kind, $0) } }
        for (owner, properties) in names.snapshot.properties where only == nil || owner == only {
            let (type, number, name) = words(owner, names)
            guard kind == nil || kind?.rawValue == type else { continue }
            for (key, value) in properties {
                rows.append(
                    (
                        (type, number, key),
                        [
                            ("kind", .text(type)), ("id", .number(number)), ("object", .text(name)),
                            ("key", .text(key)), ("value", .text(value)),
                        ]
                    ))
            }
        }
        Listing(rows: rows.sorted { $0.order < $1.order }.map(\.row)).print(output)
    }

    private func words(_ owner: PropertyOwner, _ names: References) -> (String, Int64, String) {
        let snapshot = names.snapshot
        switch owner {
        case .osf(let id): return ("osf", id.rawValue, names.name(of: id))
        case .image(let id):
            return ("di", id.rawValue, snapshot.images.first { $0.id == id }?.file ?? "\(id)")
        case .user(let id): return ("user", id.rawValue, names.name(of: id))
        case .vm(let id): return ("vm", id.rawValue, snapshot.vms.first { $0.id == id }?.name ?? "\(id)")
        case .node(let id): return ("node", id.rawValue, names.name(of: id))
        }
    }
}

import ArgumentParser
import FarmModel
import FarmServices

struct PropertyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "property", abstract: "Key-value pairs on OSFs, images, users, VMs and nodes.",
        discussion: "A VM's session sees those of its OSF, image, user and VM; later ones override earlier ones.",
        subcommands: [PropertySet.self, PropertyAdd.self, PropertyList.self, PropertyShow.self, PropertyDelete.self])
}

enum PropertyKind: String, ExpressibleByArgument, CaseIterable {
    case osf, di, user, vm, node

    var noun: FarmNoun {
        switch self {
        case .osf: .osf
        case .di: .image
        case .user: .user
        case .vm: .vm
        case .node: .node
        }
    }
}

struct PropertySet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Give an object a property, or the property another value.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        let owner = try await session.owner(kind, object)
        try await session.farm.apply(.setProperty(owner, key: key, value: value))
    }
}

struct PropertyAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Give an object a property that it does not have yet.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String
    @Argument var value: String

    func run(in session: FarmSession) async throws {
        let owner = try await session.owner(kind, object)
        guard try await session.farm.properties(of: owner)[key] == nil else {
            throw CommandFailure("\(kind.rawValue) `\(object)` has a property `\(key)` already; change it with `set`")
        }
        try await session.farm.apply(.setProperty(owner, key: key, value: value))
    }
}

struct PropertyList: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the properties of one object, or all.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind?
    @Argument(help: "Which one.") var object: String?

    func run(in session: FarmSession) async throws {
        var listings: [PropertyListing]
        if let kind, let object {
            listings = try await session.farm.propertyListings(of: try await session.owner(kind, object))
        } else {
            listings = try await session.farm.propertyListings().filter {
                kind == nil || kind?.noun == $0.owner.object.noun
            }
        }
        listings.sort { order($0) < order($1) }
        let rows: [Listing.Row] = listings.map { listing in
            let object = listing.owner.object
            return [
                ("kind", .text(object.noun.commandName)), ("id", .number(object.number)),
                ("object", .text(listing.name)), ("key", .text(listing.key)), ("value", .text(listing.value)),
            ]
        }
        Listing(rows: rows).print(output)
    }

    private func order(_ listing: PropertyListing) -> (String, Int64, String) {
        (listing.owner.object.noun.commandName, listing.owner.object.number, listing.key)
    }
}

struct PropertyShow: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Print the value of one property.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        let owner = try await session.owner(kind, object)
        guard let value = try await session.farm.properties(of: owner)[key] else {
            throw CommandFailure("\(kind.rawValue) `\(object)` has no property `\(key)`")
        }
        showValue(value)
    }
}

struct PropertyDelete: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "delete", abstract: "Take a property from an object.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "osf, di, user, vm or node.") var kind: PropertyKind
    @Argument(help: "Which one.") var object: String
    @Argument var key: String

    func run(in session: FarmSession) async throws {
        let owner = try await session.owner(kind, object)
        try await session.farm.apply(.deleteProperty(owner, key: key))
    }
}

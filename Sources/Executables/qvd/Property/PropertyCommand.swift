import ArgumentParser
import FarmModel

struct PropertyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "property", abstract: "Key-value pairs on OSFs, images, users, VMs and nodes.",
        discussion: "A VM's session sees those of its OSF, image, user and VM; later ones override earlier ones.",
        subcommands: [PropertySet.self, PropertyAdd.self, PropertyList.self, PropertyShow.self, PropertyDelete.self])

    /// As one value of a listing.
    static func field(_ owner: PropertyOwner, _ names: References) -> (name: String, value: Listing.Value) {
        ("properties", .pairs(names.snapshot.properties[owner] ?? [:]))
    }
}

enum PropertyKind: String, ExpressibleByArgument, CaseIterable {
    case osf, di, user, vm, node
}

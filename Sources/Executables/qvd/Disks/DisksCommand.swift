import ArgumentParser

struct DisksCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disks", abstract: "User disks on this node's storage.",
        subcommands: [DisksList.self, DisksDelete.self])
}

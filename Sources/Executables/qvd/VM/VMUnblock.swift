import ArgumentParser
import FarmModel

struct VMUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let VMs start and be connected to again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let id = try await session.references().vm(name).id
            try await session.apply(.setVM(id, name: nil, tag: nil, isBlocked: false))
        }
    }
}

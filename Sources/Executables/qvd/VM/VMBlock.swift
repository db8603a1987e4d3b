import ArgumentParser
import FarmModel

struct VMBlock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "block", abstract: "Keep VMs from starting and being connected to; a running one goes on.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more VMs.") var vms: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(vms) { name in
            let id = try await session.references().vm(name).id
            try await session.apply(.setVM(id, name: nil, tag: nil, isBlocked: true))
        }
    }
}

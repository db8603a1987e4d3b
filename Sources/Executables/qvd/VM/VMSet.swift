import ArgumentParser
import FarmModel

struct VMSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a VM. A new tag counts from its next start on.")

    @OptionGroup var farm: FarmOptions
    @Argument var vm: String
    @Option(help: "A new name.") var name: String?
    @Option(help: "Which image of the OSF: `default`, `head`, a version or another tag.") var tag: String?
    @Flag(inversion: .prefixedNo, help: "Whether it is kept from starting and being connected to.") var blocked: Bool?

    func validate() throws {
        guard name != nil || tag != nil || blocked != nil else {
            throw ValidationError("say what to change: --name, --tag, --blocked")
        }
    }

    func run(in session: FarmSession) async throws {
        let id = try await session.references().vm(vm).id
        try await session.apply(.setVM(id, name: name, tag: tag, isBlocked: blocked))
    }
}

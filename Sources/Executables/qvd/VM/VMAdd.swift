import ArgumentParser
import FarmModel

struct VMAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a VM. Its address is fixed for its life.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "Any text of up to 64 characters.") var name: String
    @Option(help: "Who it belongs to.") var user: String
    @Option(help: "What it runs, an OSF of the user's tenant.") var osf: String
    @Option(help: "Which image of the OSF: `default`, `head`, a version or another tag.") var tag = "default"
    @Option(help: ArgumentHelp("Its address; the highest free one unless given.", valueName: "address"))
    var address: AddressArgument?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let command = AdministrationCommand.addVM(
            name: name, user: try names.user(user).id, osf: try names.osf(osf).id, tag: tag, address: address?.address)
        guard case .vm(let id) = try await session.apply(command) else { return }
        let vm = try await session.references().vm("id:\(id)")
        print("made VM \(id) (\(name)) with address \(vm.address)")
    }
}

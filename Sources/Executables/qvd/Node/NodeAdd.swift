import ArgumentParser
import FarmModel

struct NodeAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Add a node.",
        discussion: "The name is what `nodename` in the node's configuration says, by default its host name.")

    @OptionGroup var farm: FarmOptions
    @Argument var name: String
    @Option(help: ArgumentHelp("Its own address on the VM network, below the VM range.", valueName: "address"))
    var address: AddressArgument
    @OptionGroup var capacity: CapacityOptions

    func run(in session: FarmSession) async throws {
        let command = AdministrationCommand.addNode(
            name: name, address: address.address, memory: capacity.memory?.size ?? Mebibytes(0),
            cpus: capacity.cpus ?? 0)
        guard case .node(let id) = try await session.apply(command) else { return }
        print("made node \(id) (\(name)); next: `qvd-node check` there says what it still needs")
    }
}

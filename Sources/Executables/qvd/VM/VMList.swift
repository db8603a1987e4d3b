import ArgumentParser
import FarmModel

extension VMState: ExpressibleByArgument {}

struct VMList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List VMs.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this user.") var user: String?
    @Option(help: "Only those assigned to this node.") var node: String?
    @Option(help: "Only those in this state.") var state: VMState?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let userID = try user.map { try names.user($0).id }
        let nodeID = try node.map { try names.node($0).id }
        let vms = names.snapshot.vms.filter { vm in
            (userID == nil || vm.user == userID) && (nodeID == nil || vm.intent.node == nodeID)
                && (state == nil || vm.observation.state == state)
        }
        Listing(rows: vms.map { VMCommand.row($0, names) }, hiddenInTable: VMCommand.hiddenInTable).print(output)
    }
}

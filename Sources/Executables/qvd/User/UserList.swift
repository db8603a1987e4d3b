import ArgumentParser
import FarmModel

struct UserList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List users.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Option(help: "Only those of this tenant.") var tenant: String?

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let only = try tenant.map { try names.tenant($0).id }
        let users = names.snapshot.users.filter { only == nil || $0.tenant == only }
        Listing(rows: users.map { UserCommand.row($0, names) }).print(output)
    }
}

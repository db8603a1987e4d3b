import ArgumentParser
import FarmModel

struct UserDelete: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "delete", abstract: "Delete users that have no VMs.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more users.") var users: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(users) { name in
            let id = try await session.references().user(name).id
            try await session.apply(.deleteUser(id))
        }
    }
}

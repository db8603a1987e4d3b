import ArgumentParser
import FarmModel

struct UserUnblock: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "unblock", abstract: "Let users connect again.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "One or more users.") var users: [String]

    func run(in session: FarmSession) async throws {
        try await session.forEach(users) { name in
            let id = try await session.references().user(name).id
            try await session.apply(.setUser(id, passwordHash: nil, isBlocked: false))
        }
    }
}

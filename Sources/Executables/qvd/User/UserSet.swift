import ArgumentParser
import FarmModel

struct UserSet: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "set", abstract: "Change a user. A new password: `qvd user passwd`.")

    @OptionGroup var farm: FarmOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String
    @Flag(inversion: .prefixedNo, help: "Whether the user is kept from connecting.") var blocked: Bool

    func run(in session: FarmSession) async throws {
        let id = try await session.references().user(user).id
        try await session.apply(.setUser(id, passwordHash: nil, isBlocked: blocked))
    }
}

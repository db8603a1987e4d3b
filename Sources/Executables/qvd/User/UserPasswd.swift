import ArgumentParser
import FarmModel
import OpenSSLSecrets

struct UserPasswd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "passwd", abstract: "Give a user another password.",
        discussion: "It is asked for on the terminal, or read from --password-file.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String

    func run(in session: FarmSession) async throws {
        let user = try await session.references().user(user)
        let hash = try await ScryptHasher().hash(try password.read(for: user.login))
        try await session.apply(.setUser(user.id, passwordHash: hash, isBlocked: nil))
    }
}

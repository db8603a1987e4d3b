import ArgumentParser
import FarmModel
import OpenSSLSecrets

struct UserAdd: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "add", abstract: "Make a user.",
        discussion: "The password is asked for on the terminal, or read from --password-file.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var password: PasswordOptions
    @Argument(help: "LOGIN or LOGIN@TENANT; stored in lower case.") var login: String

    func run(in session: FarmSession) async throws {
        guard let name = LoginName(login) else {
            throw CommandFailure("`\(login)` is no login; it must be LOGIN or LOGIN@TENANT")
        }
        let tenant = try await session.references().tenant(name.tenant)
        let hash = try await ScryptHasher().hash(try password.read(for: login))
        let command = AdministrationCommand.addUser(tenant: tenant.id, login: name.login, passwordHash: hash)
        guard case .user(let id) = try await session.apply(command) else { return }
        print("made user \(id) (\(name.login)@\(tenant.name))")
    }
}

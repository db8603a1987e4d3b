import ArgumentParser
import FarmModel

struct UserShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a user.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument(help: "LOGIN, LOGIN@TENANT or a number.") var user: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let user = try names.user(user)
        var row = UserCommand.row(user, names)
        row.append(("desktops", .list(names.snapshot.vms.filter { $0.user == user.id }.map(\.name))))
        row.append(PropertyCommand.field(.user(user.id), names))
        Listing(rows: [row]).printObject(output)
    }
}

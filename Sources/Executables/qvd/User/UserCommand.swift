import ArgumentParser
import FarmModel

struct UserCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "user", abstract: "People who log in and own desktops.",
        subcommands: [
            UserAdd.self, UserList.self, UserShow.self, UserSet.self, UserPasswd.self, UserBlock.self,
            UserUnblock.self, UserDelete.self,
        ])

    static func row(_ user: User, _ names: References) -> Listing.Row {
        let vms = names.snapshot.vms.filter { $0.user == user.id }
        let connected = names.snapshot.sessions.count { session in vms.contains { $0.id == session.vm } }
        return [
            ("id", .number(user.id.rawValue)), ("login", .text(user.login)),
            ("tenant", .text(names.name(of: user.tenant))), ("vms", .number(Int64(vms.count))),
            ("connected", .number(Int64(connected))), ("blocked", .flag(user.isBlocked)),
        ]
    }
}

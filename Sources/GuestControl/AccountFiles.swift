/// The texts of `/etc/passwd`, `/etc/group` and `/etc/shadow`. A minimal image has no useradd(8), and under
/// emulation three programs cost half a second: so the lines are added here.
package struct AccountFiles: Sendable, Hashable {
    package var passwd: String
    package var group: String
    /// Nil when there is no such file.
    package var shadow: String?

    package init(passwd: String, group: String, shadow: String?) {
        self.passwd = passwd
        self.group = group
        self.shadow = shadow
    }

    package struct User: Sendable, Hashable {
        package var name: String
        package var id: Int
        package var group: Int
        package var home: String
        package var shell: String
    }

    /// Lines that are not understood count for nothing.
    package var users: [User] {
        Self.lines(passwd).compactMap { fields in
            guard fields.count >= 7, let id = Int(fields[2]), let group = Int(fields[3]) else { return nil }
            return User(
                name: String(fields[0]), id: id, group: group, home: String(fields[5]), shell: String(fields[6]))
        }
    }

    package func user(named name: String) -> User? { users.first { $0.name == name } }
    package func user(withID id: Int) -> User? { users.first { $0.id == id } }

    package func group(named name: String) -> Int? { groupLines.first { $0.name == name }?.id }
    package func group(withID id: Int) -> String? { groupLines.first { $0.id == id }?.name }

    /// The groups that list the user as a member.
    package func groups(of user: String) -> [Int] {
        groupLines.filter { $0.members.contains(user) }.map { $0.id }
    }

    /// The account of a user of this image. An empty shell is `/bin/sh`, as passwd(5) says.
    package func account(of user: User) -> SessionAccount {
        SessionAccount(
            name: user.name, user: user.id, group: user.group,
            otherGroups: groups(of: user.name).filter { $0 != user.group }, home: user.home,
            shell: user.shell.isEmpty ? "/bin/sh" : user.shell)
    }

    /// With the account added; without a password, so that nobody logs in with one.
    package func adding(_ account: SessionAccount, addsGroup: Bool) -> AccountFiles {
        var files = self
        files.passwd = Self.appending(
            "\(account.name):x:\(account.user):\(account.group)::\(account.home):\(account.shell)", to: passwd)
        if addsGroup { files.group = Self.appending("\(account.name):x:\(account.group):", to: group) }
        if let shadow, !Self.lines(shadow).contains(where: { $0[0] == account.name }) {
            files.shadow = Self.appending("\(account.name):!:19675:0:99999:7:::", to: shadow)
        }
        return files
    }

    private struct Group {
        let name: String
        let id: Int
        let members: [String]
    }

    private var groupLines: [Group] {
        Self.lines(group).compactMap { fields in
            guard fields.count >= 4, let id = Int(fields[2]) else { return nil }
            return Group(
                name: String(fields[0]), id: id, members: fields[3].split(separator: ",").map { String($0) })
        }
    }

    private static func lines(_ text: String) -> [[Substring]] {
        text.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    }

    private static func appending(_ line: String, to text: String) -> String {
        (text.isEmpty || text.hasSuffix("\n") ? text : text + "\n") + line + "\n"
    }
}

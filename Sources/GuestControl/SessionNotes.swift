/// What an agent writes down about the session it started, for a successor that adopts it: the account, and the
/// environment of the session program, which may not be started yet.
package struct SessionNotes: Sendable, Hashable {
    package var account: SessionAccount
    package var variables: [String: String]

    package init(account: SessionAccount, variables: [String: String]) {
        self.account = account
        self.variables = variables
    }

    /// A line in the form of passwd(5) with the other groups in the comment, then one `NAME=value` a line.
    package var fileText: String {
        let groups = account.otherGroups.map(String.init).joined(separator: ",")
        let first = "\(account.name):x:\(account.user):\(account.group):\(groups):\(account.home):\(account.shell)"
        let lines = variables.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return ([first] + lines).map { $0 + "\n" }.joined()
    }

    /// Nil for anything that `fileText` does not write, an account of root among it.
    package init?(file: String) {
        let lines = file.split(separator: "\n")
        guard let first = lines.first else { return nil }
        let fields = first.split(separator: ":", omittingEmptySubsequences: false)
        guard fields.count == 7, let user = Int(fields[2]), let group = Int(fields[3]), user > 0, group > 0 else {
            return nil
        }
        account = SessionAccount(
            name: String(fields[0]), user: user, group: group,
            otherGroups: fields[4].split(separator: ",").compactMap { Int($0) }, home: String(fields[5]),
            shell: String(fields[6]))
        variables = [:]
        for line in lines.dropFirst() {
            guard let sign = line.firstIndex(of: "=") else { return nil }
            variables[String(line[..<sign])] = String(line[line.index(after: sign)...])
        }
    }
}

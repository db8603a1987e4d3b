/// What a login gives a router: the right to act for one user until it is given back. Only whoever gave it knows whose
/// it is; a router names it in each operation, and reaches nobody else's desktops.
package struct Grant: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    /// 32 hexadecimal digits (128 random bits). Never printed.
    package let token: String
    /// Who logged in, for people.
    package let name: LoginName

    package init(token: String, name: LoginName) {
        self.token = token
        self.name = name
    }

    package var description: String { "(grant of \(name))" }
    package var debugDescription: String { description }
}

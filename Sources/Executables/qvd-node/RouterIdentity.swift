import Glibc
import NodeConfiguration

/// The user and groups that the router runs as: nobody else's, and not root.
struct RouterIdentity {
    let user: Int32
    let group: Int32
    /// The group that may open the database.
    let extraGroup: Int32

    /// - Throws: `IdentityFailure` with the command that makes the user or group.
    init(_ configuration: NodeConfiguration) throws {
        let name = configuration.router.user
        guard let entry = getpwnam(name) else {
            throw IdentityFailure(
                "the router's user \(name) (l7r.as_user) does not exist; make it with:"
                    + " useradd --system --shell /usr/sbin/nologin --no-create-home \(name)")
        }
        guard entry.pointee.pw_uid != 0 else {
            throw IdentityFailure("the router may not run as root; set l7r.as_user to a user of its own")
        }
        user = Int32(bitPattern: entry.pointee.pw_uid)
        group = Int32(bitPattern: entry.pointee.pw_gid)
        guard let members = getgrnam(configuration.databaseGroup) else {
            throw IdentityFailure(
                "the group \(configuration.databaseGroup) (database.group) does not exist; make it"
                    + " with: groupadd --system \(configuration.databaseGroup)")
        }
        extraGroup = Int32(bitPattern: members.pointee.gr_gid)
    }
}

struct IdentityFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

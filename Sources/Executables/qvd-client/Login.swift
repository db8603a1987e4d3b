import Foundation
import TextEncodings

/// Who logs in. Printed without the password.
struct Login: Sendable, CustomStringConvertible {
    let username: String
    /// The value of the `Authorization` header (RFC 7617).
    let authorization: String

    static func read(
        _ options: ServerOptions, _ environment: [String: String], _ terminal: Terminal
    ) async throws -> Login {
        var username = options.username ?? environment["QVDLOGIN"] ?? ""
        if username.isEmpty {
            guard terminal.isInteractive else { throw ClientFailure("who logs in? give --username or QVDLOGIN") }
            username = try await terminal.ask("User: ")
        }
        guard !username.isEmpty, !username.contains(":") else {
            throw ClientFailure("the user name `\(username)` cannot be: it is empty or has a colon")
        }
        let password = try await PasswordSource(file: options.passwordFile, terminal: terminal).read(for: username)
        return Login(
            username: username, authorization: "Basic " + Base64.encode(Array("\(username):\(password)".utf8)))
    }

    var description: String { username }
}

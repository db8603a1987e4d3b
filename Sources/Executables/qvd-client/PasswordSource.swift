import Foundation

/// Where the password comes from: a file, the environment, or the user. Never an argument, which others could see.
struct PasswordSource {
    static let variable = "QVDPASSWORD"

    let file: String?
    let terminal: Terminal

    func read(for username: String) async throws -> String {
        if let file { return try read(file: file) }
        if let password = ProcessInfo.processInfo.environment[Self.variable], !password.isEmpty { return password }
        guard terminal.isInteractive else {
            throw ClientFailure(
                "no password: give --password-file or \(Self.variable), or start from a terminal to be asked")
        }
        let password = try await terminal.askSecret("Password of \(username): ")
        guard !password.isEmpty else { throw ClientFailure("an empty password is never right") }
        return password
    }

    /// The first line.
    private func read(file: String) throws -> String {
        let text: String
        do {
            text = try String(contentsOfFile: file, encoding: .utf8)
        } catch {
            throw ClientFailure("cannot read the password from \(file): \(error.localizedDescription)")
        }
        guard let line = text.split(whereSeparator: \.isNewline).first, !line.isEmpty else {
            throw ClientFailure("the password file \(file) is empty")
        }
        return String(line)
    }
}

import Foundation

/// The file of servers that this user trusts: lines of `host:port SHA-256-fingerprint`.
struct KnownServers: Sendable {
    let path: String

    /// `~/.qvd/known_servers` unless another is given.
    init(path: String?) {
        let home = ProcessInfo.processInfo.environment["HOME"] ?? NSHomeDirectory()
        self.path = path ?? home + "/.qvd/known_servers"
    }

    func fingerprint(of server: String) throws -> Fingerprint? {
        for (number, line) in try lines().enumerated() {
            let words = line.split(separator: " ")
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            guard words.count == 2, let fingerprint = Fingerprint(String(words[1])) else {
                throw ClientFailure("\(path):\(number + 1): expected `host:port` and 64 hexadecimal digits")
            }
            if name == server { return fingerprint }
        }
        return nil
    }

    func remember(_ fingerprint: Fingerprint, of server: String) throws {
        let kept = try lines().filter { $0.split(separator: " ").first.map { $0 != server } ?? true }
        let text = (kept + ["\(server) \(fingerprint.text)"]).map { $0 + "\n" }.joined()
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        do {
            try FileManager.default.createDirectory(
                at: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
            try Data(text.utf8).write(to: URL(fileURLWithPath: path), options: .atomic)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
        } catch {
            throw ClientFailure("cannot remember the server's certificate in \(path): \(error.localizedDescription)")
        }
    }

    private func lines() throws -> [String] {
        guard FileManager.default.fileExists(atPath: path) else { return [] }
        do {
            let text = try String(contentsOfFile: path, encoding: .utf8)
            return text.split(separator: "\n", omittingEmptySubsequences: true).map(String.init)
        } catch {
            throw ClientFailure("cannot read \(path): \(error.localizedDescription)")
        }
    }
}

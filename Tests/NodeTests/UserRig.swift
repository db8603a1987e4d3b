import Foundation
import NodeRig
import XCTest

/// A user in front of a display of their own, with `qvd-client`.
final class UserRig: Sendable {
    let folder: String
    private let farm: FarmRig
    private let display: Int
    private let screen: DaemonRig

    private init(folder: String, farm: FarmRig, display: Int, screen: DaemonRig) {
        self.folder = folder
        self.farm = farm
        self.display = display
        self.screen = screen
    }

    /// The display has a number that is free: one of an earlier run may still be locked, by a process number that
    /// another process has now.
    static func sitDown(_ farm: FarmRig) async throws -> UserRig {
        let folder = "\(farm.folder)/user-\(UUID().uuidString.prefix(8))"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let screen = try DaemonRig.start(
            "/bin/sh",
            [
                "-c", "exec Xvfb -displayfd 3 -screen 0 1024x768x24 -nolisten tcp -noreset -ac 3>\"$0\"",
                "\(folder)/display",
            ], log: "\(folder)/screen.log")
        var display: Int?
        try await waitFor("a display; the log is \(folder)/screen.log") {
            let said = FileManager.default.contents(atPath: "\(folder)/display") ?? Data()
            guard said.last == UInt8(ascii: "\n") else { return false }
            display = Int(String(decoding: said, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines))
            return display != nil
        }
        guard let display else { throw RigFailure("Xvfb says no number of a display") }
        return UserRig(folder: folder, farm: farm, display: display, screen: screen)
    }

    /// Ends the display, which takes its lock and socket with it.
    func leave() { screen.signal(SIGTERM) }

    var knownServers: String { "\(folder)/.qvd/known_servers" }

    private func command(_ options: [String], password: String?) -> [String] {
        var environment = ["HOME=\(folder)", "DISPLAY=:\(display)", "TMPDIR=\(folder)"]
        if let password { environment.append("QVDPASSWORD=\(password)") }
        return environment + [
            farm.programs.appending(path: "qvd-client").path, "--host", FarmRig.address, "--port", "\(FarmRig.port)",
            "--username", "alice",
        ] + options
    }

    /// Starts the client and leaves it running. Its words are in its log.
    func start(_ name: String, _ options: [String] = ["--ssl-errors", "continue"]) throws -> DaemonRig {
        try DaemonRig.start(
            "/usr/bin/env", command(["--password-file", farm.passwordFile] + options, password: nil),
            log: "\(folder)/\(name).log")
    }

    /// Runs the client to its end. Returns its exit status and all it said.
    func run(_ options: [String], password: String? = "correct horse") throws -> (status: Int32, words: String) {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = command(options, password: password)
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let data = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }

    /// Connects, takes a picture and leaves; again when the guest's window is not there yet, for a slow machine shows
    /// the window manager long before it.
    ///
    /// - Returns: how many pixels have the colour of the nonce.
    func pixels(ofNonce nonce: String, _ desktop: String) async throws -> Int {
        for _ in 0..<5 {
            let found = try await pixelsNow(ofNonce: nonce, desktop)
            if found > 0 { return found }
        }
        return 0
    }

    private func pixelsNow(ofNonce nonce: String, _ desktop: String) async throws -> Int {
        let picture = "\(folder)/picture.png"
        let result = try run(
            ["--ssl-errors", "continue", "--desktop", desktop, "--screenshot", picture, "--after", "2"])
        guard result.status == 0 else { throw RigFailure("qvd-client: \(result.status): \(result.words)") }
        let digest = try await RigCommand.run("sh", "-c", "printf %s '\(nonce)' | sha256sum | cut -c1-6")
        return try await Picture.pixels(of: digest.trimmingCharacters(in: .whitespacesAndNewlines), in: picture)
    }
}

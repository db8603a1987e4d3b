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

    /// - Parameter display: a number no other user has.
    static func sitDown(_ farm: FarmRig, display: Int) async throws -> UserRig {
        let folder = "\(farm.folder)/user-\(display)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let screen = try DaemonRig.start(
            "/usr/bin/Xvfb", [":\(display)", "-screen", "0", "1024x768x24", "-nolisten", "tcp", "-noreset", "-ac"],
            log: "\(folder)/screen.log")
        try await waitFor("display :\(display)") {
            FileManager.default.fileExists(atPath: "/tmp/.X11-unix/X\(display)")
        }
        return UserRig(folder: folder, farm: farm, display: display, screen: screen)
    }

    func leave() { screen.signal(SIGKILL) }

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

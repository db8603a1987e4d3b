import Foundation
import Subprocess

/// Takes the picture of the display for probes without a user.
struct Screenshot: Sendable {
    /// How long a desktop may draw nothing. A first login under emulation was measured to take 15 s.
    private static let patience = 120

    let file: String
    /// How long to wait once the desktop has begun to draw.
    let delay: Duration

    /// Throws unless the picture can be taken at all, before anything is started for it.
    init(file: String, after seconds: Double, environment: [String: String]) throws {
        for program in ["import", "identify"] where !NXProxy.isInstalled(program, environment) {
            throw ClientFailure("--screenshot needs the program \(program): apt install imagemagick")
        }
        self.file = file
        delay = .milliseconds(Int(seconds * 1000))
    }

    private var partial: String { file + ".partial" }

    /// Waits until more than one colour is on the display, then the delay, and writes the picture of the whole
    /// display. Throws when nothing was drawn; the picture is written all the same. The clock is the machine's:
    /// this is the user's side.
    func take() async throws {
        var hasDrawn = false
        for _ in 0..<Self.patience {
            hasDrawn = try await capture() > 1
            if hasDrawn { break }
            try await Task.sleep(for: .seconds(1))
        }
        if hasDrawn {
            try await Task.sleep(for: delay)
            _ = try await capture()
        }
        guard rename(partial, file) == 0 else {
            throw ClientFailure("the picture cannot be written to \(file): \(String(cString: strerror(errno)))")
        }
        guard hasDrawn else {
            throw ClientFailure("the desktop drew nothing within \(Self.patience) s; \(file) has one colour only")
        }
    }

    /// Takes the picture and counts its colours.
    private func capture() async throws -> Int {
        _ = try await run("import", ["-window", "root", "png:\(partial)"])
        let count = try await run("identify", ["-format", "%k", "png:\(partial)"])
        return Int(count.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }

    private func run(_ program: String, _ arguments: [String]) async throws -> String {
        let result = try await Subprocess.run(
            .name(program), arguments: Arguments(arguments), output: .string(limit: 65_536),
            error: .string(limit: 65_536))
        guard result.terminationStatus.isSuccess else {
            throw ClientFailure("the picture could not be taken: \(program): \(result.standardError)")
        }
        return result.standardOutput
    }
}

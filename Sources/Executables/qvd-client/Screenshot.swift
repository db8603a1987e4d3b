import Foundation
import Subprocess

/// Takes the picture of the display for probes without a user.
struct Screenshot: Sendable {
    let file: String
    /// How long to wait after the session is shown.
    let delay: Duration

    /// Throws unless the picture can be taken at all, before anything is started for it.
    init(file: String, after seconds: Double, environment: [String: String]) throws {
        guard NXProxy.isInstalled("import", environment) else {
            throw ClientFailure("--screenshot needs the program import: apt install imagemagick")
        }
        self.file = file
        delay = .milliseconds(Int(seconds * 1000))
    }

    /// Waits, then writes the picture of the whole display. The clock is the machine's: this is the user's side.
    func take() async throws {
        try await Task.sleep(for: delay)
        let partial = URL(filePath: file).deletingPathExtension().path + ".partial.png"
        let result = try await Subprocess.run(
            .name("import"), arguments: ["-window", "root", "png:\(partial)"], output: .discarded,
            error: .string(limit: 65_536))
        guard result.terminationStatus.isSuccess else {
            throw ClientFailure("the picture could not be taken: \(result.standardError)")
        }
        guard rename(partial, file) == 0 else {
            throw ClientFailure("the picture cannot be written to \(file): \(String(cString: strerror(errno)))")
        }
    }
}

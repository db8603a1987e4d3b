import Foundation
import GuestProtocol
import Subprocess
import SystemPackage

/// The program that shows the session on the user's display. It connects to a port of this machine, behind which
/// the session's stream is carried.
struct NXProxy {
    /// Of this run alone, readable by the user alone: the options hold the session's cookie.
    let folder: String

    /// The number in NX's names of displays. It only names the session here: the port is given apart.
    private static let display = 100

    /// Makes the private folder. Throws when the session could not be shown.
    init(environment: [String: String]) throws {
        guard environment["DISPLAY"].map({ !$0.isEmpty }) ?? false else {
            throw ClientFailure("there is no X display to show the desktop on; set DISPLAY, or start from a desktop")
        }
        guard Self.isInstalled("nxproxy", environment) else {
            throw ClientFailure("the program nxproxy, which shows the desktop, is not installed: apt install nxproxy")
        }
        var template = Array((NSTemporaryDirectory() + "/qvd-client-XXXXXX").utf8CString)
        guard let path = mkdtemp(&template) else {  // mkdtemp makes it with mode 0700
            throw ClientFailure(
                "cannot make a folder for nxproxy's options in \(NSTemporaryDirectory()): "
                    + String(cString: strerror(errno)))
        }
        folder = String(cString: path)
    }

    /// Runs until the session is over; cancelling ends it. Returns how it ended.
    func run(port: Int, cookie: NXCookie) async throws -> String {
        let line =
            "nx/nx,root=\(folder),connect=127.0.0.1,port=\(port),cookie=\(cookie.text),session=qvd,retry=1"
            + ":\(Self.display)\n"
        let options = "\(folder)/options"
        guard
            FileManager.default.createFile(
                atPath: options, contents: Data(line.utf8), attributes: [.posixPermissions: 0o600])
        else { throw ClientFailure("cannot write nxproxy's options to \(options)") }
        var platform = PlatformOptions()
        platform.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let log = try FileDescriptor.open(
            FilePath("\(folder)/log"), .writeOnly, options: [.create, .append], permissions: .ownerReadWrite)
        do {
            let result = try await Subprocess.run(
                .name("nxproxy"), arguments: ["-S", "nx/nx,options=\(options):\(Self.display)"],
                environment: .inherit.updating(["NX_TEMP": folder]), platformOptions: platform,
                output: .fileDescriptor(log, closeAfterSpawningProcess: true), error: .combinedWithOutput)
            return "\(result.terminationStatus)"
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ClientFailure("nxproxy could not be run: \(error)")
        }
    }

    /// The last words of nxproxy, for the user who asks why nothing is seen.
    func lastWords() -> String {
        let text = FileManager.default.contents(atPath: "\(folder)/log").map { String(decoding: $0, as: UTF8.self) }
        return (text ?? "").split(separator: "\n").suffix(4).joined(separator: "; ")
    }

    func remove() {
        do {
            try FileManager.default.removeItem(atPath: folder)
        } catch {
            let reason = error.localizedDescription
            FileHandle.standardError.write(Data("qvd-client: \(folder) is left over: \(reason)\n".utf8))
        }
    }

    static func isInstalled(_ program: String, _ environment: [String: String]) -> Bool {
        (environment["PATH"] ?? "/usr/bin:/bin").split(separator: ":").contains {
            FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
        }
    }
}

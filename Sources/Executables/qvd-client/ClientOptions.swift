import ArgumentParser
import Foundation
import GuestProtocol

/// Where the server is and who logs in.
struct ServerOptions: ParsableArguments {
    @Option(help: ArgumentHelp("The server's name or address (else QVDHOST).", valueName: "name"))
    var host: String?

    @Option(help: ArgumentHelp("The server's port (else QVDPORT, else 8443).", valueName: "number"))
    var port: Int?

    @Flag(inversion: .prefixedNo, help: "Speak TLS. Without it everybody on the way can read the password.")
    var ssl = true

    @Option(
        help: ArgumentHelp("Who logs in: user or user@tenant (else QVDLOGIN, else you are asked).", valueName: "login"))
    var username: String?

    @Option(
        help: ArgumentHelp(
            "A file whose first line is the password (else QVDPASSWORD, else you are asked).", valueName: "file"))
    var passwordFile: String?

    @Option(
        help: ArgumentHelp(
            "What to do with an unknown certificate: ask, continue (unchecked!), abort (else QVDSSLERRORS, else ask).",
            valueName: "policy"))
    var sslErrors: CertificatePolicy?

    @Option(
        help: ArgumentHelp(
            "Trust the server if its certificate has this SHA-256 fingerprint, and remember it.", valueName: "sha256"))
    var acceptFingerprint: String?

    @Option(help: ArgumentHelp("Where trusted servers are kept (default: ~/.qvd/known_servers).", valueName: "file"))
    var knownServers: String?

    func address(_ environment: [String: String]) throws -> ServerAddress {
        guard let host = host ?? environment["QVDHOST"], !host.isEmpty else {
            throw ValidationError("which server? give --host or QVDHOST")
        }
        let portText = environment["QVDPORT"]
        guard let port = port ?? (portText == nil ? 8443 : portText.flatMap(Int.init)), (1...65_535).contains(port)
        else {
            throw ValidationError("the port must be a number from 1 to 65535")
        }
        return ServerAddress(host: host, port: port, usesTLS: ssl)
    }

    func policy(_ environment: [String: String]) throws -> CertificatePolicy {
        if let sslErrors { return sslErrors }
        guard let text = environment["QVDSSLERRORS"] else { return .ask }
        guard let policy = CertificatePolicy(rawValue: text) else {
            throw ValidationError("QVDSSLERRORS must be ask, continue or abort")
        }
        return policy
    }

    func fingerprint() throws -> Fingerprint? {
        guard let acceptFingerprint else { return nil }
        guard let fingerprint = Fingerprint(acceptFingerprint) else {
            throw ValidationError("--accept-fingerprint must be 64 hexadecimal digits, with or without colons")
        }
        return fingerprint
    }
}

/// How the desktop is shown.
struct ViewOptions: ParsableArguments {
    @Option(help: "How fast the line is: modem, isdn, adsl, wan, lan, local, or a bandwidth such as 56k or 10m.")
    var link = "lan"

    @Option(help: "The size of the desktop, such as 1280x800 (default: most of the display).")
    var geometry: String?

    @Flag(help: "Fill the screen.")
    var fullscreen = false

    @Option(help: "The keyboard, such as pc105/us.")
    var keyboard: String?

    @Flag(inversion: .prefixedNo, help: "When the line breaks, connect again.")
    var reconnect = true

    @Option(
        help: ArgumentHelp(
            "Save a picture of the X display as PNG once the desktop has drawn, then leave.", valueName: "file"))
    var screenshot: String?

    @Option(help: ArgumentHelp("How long the picture waits once the desktop has begun to draw.", valueName: "seconds"))
    var after = 3.0

    func validate() throws {
        guard NXLink(link) != nil else {
            let names = NXLink.names.joined(separator: ", ")
            throw ValidationError("--link must be one of \(names), or such as 56k or 10m")
        }
        if let geometry, NXGeometry(geometry) == nil {
            throw ValidationError("--geometry must be such as 1280x800")
        }
        guard (0...3600).contains(after) else { throw ValidationError("--after must be from 0 to 3600 seconds") }
    }
}

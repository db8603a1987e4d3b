import COpenSSL
import Dispatch
package import FarmPorts
import Glibc
import SystemCalls

/// The router's certificate when the operator gave none: made once, for the host's name, signed by its own key
/// (EC P-256), valid for ten years. Clients remember its fingerprint at first use.
package struct SelfSignedCertificate: Sendable {
    package static let days = 3652

    package var keyPath: String
    package var certificatePath: String
    /// Common name and alternative name: a host name of at most 64 bytes, or an IP address.
    package var hostName: String
    /// Who may read the key, besides root; nil leaves the process's own user and group.
    package var owner: (user: UInt32, group: UInt32)?

    package init(
        keyPath: String, certificatePath: String, hostName: String, owner: (user: UInt32, group: UInt32)? = nil
    ) {
        self.keyPath = keyPath
        self.certificatePath = certificatePath
        self.hostName = hostName
        self.owner = owner
    }

    /// Makes what is missing. Files that exist are never touched: a key without a certificate gets one, a certificate
    /// without its key is an error. The folders exist. Each file appears whole or not at all.
    ///
    /// - Returns: whether something was made.
    package func ensure() async throws(PortError) -> Bool {
        let certificate = self
        let result: Result<Bool, PortError> = await withCheckedContinuation { continuation in
            DispatchQueue(label: "qvd.certificate").async {
                continuation.resume(returning: Result { () throws(PortError) in try certificate.make() })
            }
        }
        return try result.get()
    }

    private func make() throws(PortError) -> Bool {
        let hasKey = access(keyPath, F_OK) == 0
        let hasCertificate = access(certificatePath, F_OK) == 0
        if hasKey && hasCertificate { return false }
        guard !hasCertificate else {
            throw failure(
                .notFound,
                "\(certificatePath) exists, but its key \(keyPath) does not; put the key there, or remove the"
                    + " certificate to have a new pair made")
        }
        let texts = try generate(key: hasKey ? try read(keyPath) : nil)
        // The key first: a crash in between leaves a key alone, which the next start completes.
        if !hasKey { try write(texts.key, to: keyPath, mode: 0o600) }
        try write(texts.certificate, to: certificatePath, mode: 0o644)
        return true
    }

    private func generate(key: String?) throws(PortError) -> (key: String, certificate: String) {
        guard (1...64).contains(hostName.utf8.count), !hostName.contains(where: { ",\n\r\0 /".contains($0) }) else {
            throw failure(
                .invalid, "the host name `\(hostName)` cannot be in a certificate; name one of at most 64 bytes")
        }
        var keyText: UnsafeMutablePointer<CChar>?
        var certificateText: UnsafeMutablePointer<CChar>?
        var reason = [CChar](repeating: 0, count: 256)
        let isDone = copenssl_self_signed(
            hostName, key, Int32(Self.days), &keyText, &certificateText, &reason, reason.count)
        defer {
            free(keyText)
            free(certificateText)
        }
        guard isDone == 1, let keyText, let certificateText else {
            let words = String(decoding: reason.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
            throw failure(.invalid, key == nil ? "OpenSSL: \(words)" : "the key \(keyPath) cannot be used: \(words)")
        }
        return (String(cString: keyText), String(cString: certificateText))
    }

    private func read(_ path: String) throws(PortError) -> String {
        guard let file = fopen(path, "re") else { throw systemFailure("reading \(path)") }
        defer { fclose(file) }
        var bytes = [UInt8](repeating: 0, count: 1 << 16)
        let count = fread(&bytes, 1, bytes.count, file)
        guard count > 0 else { throw failure(.invalid, "the key \(path) is empty or cannot be read") }
        return String(decoding: bytes[..<count], as: UTF8.self)
    }

    private func write(_ text: String, to path: String, mode: mode_t) throws(PortError) {
        let file = FileReplacement(path, partial: "\(path).new-\(getpid())", mode: mode, owner: owner)
        do throws(FileReplacement.Failure) {
            try file.write(Array(text.utf8))
        } catch {
            switch error.step {
            case .write: throw systemFailure("writing \(path)", code: error.code)
            case .giveAway: throw systemFailure("giving \(path) away", code: error.code)
            case .make, .rename, .syncFolder: throw systemFailure("making \(path)", code: error.code)
            }
        }
    }

    private func systemFailure(_ attempt: String, code number: Int32 = errno) -> PortError {
        let reason: PortError.Reason =
            switch number {
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .denied
            case ENOENT, ENOTDIR: .notFound
            default: .unavailable
            }
        return failure(reason, "\(attempt): \(String(cString: strerror(number))) (errno \(number))")
    }

    private func failure(_ reason: PortError.Reason, _ detail: String) -> PortError {
        PortError(.rejected, reason, attempt: "making the router's certificate", detail: detail)
    }
}

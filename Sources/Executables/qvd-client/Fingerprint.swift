import COpenSSL
import TextEncodings

/// SHA-256 of a certificate, as people compare it.
struct Fingerprint: Sendable, Hashable, CustomStringConvertible {
    /// 64 lower-case hexadecimal digits.
    let text: String

    /// Of the certificate's DER form: what `openssl x509 -fingerprint -sha256` shows.
    init(of bytes: [UInt8]) throws {
        var digest = [UInt8](repeating: 0, count: 32)
        guard copenssl_sha256(bytes, bytes.count, &digest) == 1 else {
            throw ClientFailure("cannot compute the certificate's fingerprint: no memory")
        }
        text = Hexadecimal.text(digest)
    }

    /// As written by people and tools: with or without colons, in any case. Nil unless it is 64 digits.
    init?(_ text: String) {
        let digits = text.lowercased().replacing("sha256:", with: "").filter { $0 != ":" }
        guard digits.utf8.count == 64, digits.unicodeScalars.allSatisfy(\.properties.isASCIIHexDigit) else {
            return nil
        }
        self.text = digits
    }

    /// In pairs, with colons.
    var description: String {
        var pairs: [Substring] = []
        var rest = text.uppercased()[...]
        while !rest.isEmpty {
            pairs.append(rest.prefix(2))
            rest = rest.dropFirst(2)
        }
        return pairs.joined(separator: ":")
    }
}

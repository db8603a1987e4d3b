package import GuestProtocol

/// The file in which X clients and servers look up cookies (`XAUTHORITY`). Written here and not by xauth: its
/// entries would bear the host name, which changes when the guest learns it from DHCP.
package enum XAuthority {
    /// What nxagent reads. It admits X clients with any cookie of this file, whatever the entry's display; as a
    /// client of the user's display it shows the one whose entry names its own display. So the client's cookie can
    /// change at each resume and X clients go on with theirs, and without a client's cookie nothing is shown.
    package static func serverFile(display: Int, session: NXCookie, client: NXCookie?) -> [UInt8] {
        (client.map { file(display: display, cookie: $0) } ?? []) + file(display: display + 1, cookie: session)
    }

    /// One entry for the display on whatever host: family `FamilyWild` of Xau(3), big-endian lengths.
    package static func file(display: Int, cookie: NXCookie) -> [UInt8] {
        let digits = Array(cookie.text.utf8)
        let key = stride(from: 0, to: digits.count, by: 2).map { place in
            UInt8(String(decoding: digits[place..<place + 2], as: UTF8.self), radix: 16) ?? 0
        }
        return [0xff, 0xff] + counted([]) + counted(Array("\(display)".utf8))
            + counted(Array("MIT-MAGIC-COOKIE-1".utf8)) + counted(key)
    }

    /// The cookie of a file that holds one entry; nil for anything else.
    package static func cookie(of file: [UInt8]) -> NXCookie? {
        var rest = file[...]
        guard rest.count > 2 else { return nil }
        rest = rest.dropFirst(2)
        var parts: [ArraySlice<UInt8>] = []
        while rest.count >= 2, parts.count < 4 {
            let length = Int(rest[rest.startIndex]) << 8 | Int(rest[rest.startIndex + 1])
            rest = rest.dropFirst(2)
            guard rest.count >= length else { return nil }
            parts.append(rest.prefix(length))
            rest = rest.dropFirst(length)
        }
        guard parts.count == 4, rest.isEmpty else { return nil }
        return NXCookie(bytes: Array(parts[3]))
    }

    private static func counted(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xff)] + bytes
    }
}

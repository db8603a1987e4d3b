/// Reads what the kernel sent, never beyond the end of it; a length that does not fit ends the reading with
/// `.noAnswer`.
package struct NetlinkReply {
    package struct Message {
        package let type: UInt16
        package let flags: UInt16
        package let sequence: UInt32
        package let body: ArraySlice<UInt8>
    }

    /// The messages of one datagram.
    package static func messages(in datagram: [UInt8]) throws(NetlinkFailure) -> [Message] {
        var messages: [Message] = []
        var rest = datagram[...]
        while !rest.isEmpty {
            guard let length: UInt32 = number(in: rest, at: 0), let type: UInt16 = number(in: rest, at: 4),
                let flags: UInt16 = number(in: rest, at: 6), let sequence: UInt32 = number(in: rest, at: 8),
                length >= 16, Int(length) <= rest.count
            else { throw .noAnswer("a message of \(rest.count) bytes has a wrong length") }
            let end = rest.startIndex + Int(length)
            messages.append(
                Message(type: type, flags: flags, sequence: sequence, body: rest[rest.startIndex + 16..<end]))
            rest = rest[min(end + padding(Int(length)), rest.endIndex)...]
        }
        return messages
    }

    /// The attributes in `bytes`, by type (without the flag bits); the last one of a type counts.
    package static func attributes(in bytes: ArraySlice<UInt8>) throws(NetlinkFailure) -> [Int: ArraySlice<UInt8>] {
        var attributes: [Int: ArraySlice<UInt8>] = [:]
        var rest = bytes
        while !rest.isEmpty {
            guard let length: UInt16 = number(in: rest, at: 0), let type: UInt16 = number(in: rest, at: 2),
                length >= 4, Int(length) <= rest.count
            else { throw .noAnswer("an attribute of \(rest.count) bytes has a wrong length") }
            let end = rest.startIndex + Int(length)
            attributes[Int(type & 0x3fff)] = rest[rest.startIndex + 4..<end]
            rest = rest[min(end + padding(Int(length)), rest.endIndex)...]
        }
        return attributes
    }

    package static func number<Number: FixedWidthInteger & BitwiseCopyable>(
        in bytes: ArraySlice<UInt8>, at offset: Int
    ) -> Number? {
        guard offset >= 0, offset + MemoryLayout<Number>.size <= bytes.count else { return nil }
        return bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Number.self) }
    }

    /// A zero-terminated name.
    package static func text(_ bytes: ArraySlice<UInt8>) -> String {
        String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
    }

    private static func padding(_ length: Int) -> Int { (4 - length % 4) % 4 }
}

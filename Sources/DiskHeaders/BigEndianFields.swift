/// Numbers in a header, most significant byte first. Nothing is read beyond the bytes that there are.
struct BigEndianFields {
    private let bytes: [UInt8]
    var count: Int { bytes.count }

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The number of so many bytes (8 at most) at this place.
    func number(_ place: Int, of size: Int) throws(ImageFault) -> UInt64 {
        guard place >= 0, place <= bytes.count - size else { throw ImageFault("it ends within its header") }
        return bytes[place..<place + size].reduce(0) { $0 << 8 | UInt64($1) }
    }

    /// So many bytes, or fewer where they end.
    func bytes(_ place: Int, count: Int) -> [UInt8] { Array(bytes.dropFirst(place).prefix(count)) }
}

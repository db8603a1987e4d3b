/// A qcow2 header as QEMU writes it, with whatever a test wants changed.
struct Qcow2Bytes {
    var version: UInt64 = 3
    var backing: String?
    var backingFormat: String?
    var dataFile: String?
    var clusterBits: UInt64 = 16
    var size: UInt64 = 10 << 30
    var encryption: UInt64 = 0
    var tableCount: UInt64 = 20
    var tablePlace: UInt64 = 3 << 16
    var features: UInt64 = 0
    var headerLength: UInt64 = 112

    /// The first cluster.
    var bytes: [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 1 << Int(clusterBits))
        bytes.replaceSubrange(0..<4, with: [0x51, 0x46, 0x49, 0xFB])
        func set(_ place: Int, _ size: Int, _ value: UInt64) {
            for byte in 0..<size { bytes[place + byte] = UInt8(value >> UInt64(8 * (size - 1 - byte)) & 255) }
        }
        set(4, 4, version)
        set(20, 4, clusterBits)
        set(24, 8, size)
        set(32, 4, encryption)
        set(36, 4, tableCount)
        set(40, 8, tablePlace)
        if version == 3 {
            set(72, 8, features)
            set(96, 4, 4)
            set(100, 4, headerLength)
        }
        var place = version == 3 ? Int(headerLength) : 72
        for (type, text) in [(0xE279_2ACA, backingFormat), (0x4441_5441, dataFile)] as [(UInt64, String?)] {
            guard let text else { continue }
            set(place, 4, type)
            set(place + 4, 4, UInt64(text.utf8.count))
            bytes.replaceSubrange(place + 8..<place + 8 + text.utf8.count, with: text.utf8)
            place += 8 + (text.utf8.count + 7) / 8 * 8
        }
        place += 8
        if let backing {
            set(8, 8, UInt64(place))
            set(16, 4, UInt64(backing.utf8.count))
            bytes.replaceSubrange(place..<place + backing.utf8.count, with: backing.utf8)
        }
        return bytes
    }
}

/// What to do with the disk on which the user's home lives. A disk with anything on it is never formatted.
package enum HomeDisk {
    /// What a look at a block device found.
    package enum Signature: Sendable, Hashable {
        case nothing
        /// The word of blkid: `ext4`, `xfs`, `swap`...
        case fileSystem(String)
        /// A table of partitions, as user disks of the original have it.
        case partitions
        case other(String)

        /// From what `blkid -p -o export DEVICE` wrote and how it ended: 2 is "nothing found". Nil when it could
        /// not tell.
        package init?(blkidStatus: Int32, output: String) {
            if blkidStatus == 2 {
                self = .nothing
                return
            }
            guard blkidStatus == 0 else { return nil }
            var found: [Substring: Substring] = [:]
            for line in output.split(whereSeparator: \.isNewline) {
                let halves = line.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
                if halves.count == 2 { found[halves[0]] = halves[1] }
            }
            if let type = found["TYPE"] {
                self = found["USAGE"] == "filesystem" ? .fileSystem(String(type)) : .other(String(type))
            } else if found["PTTYPE"] != nil {
                self = .partitions
            } else {
                self = .other("something blkid has no name for")
            }
        }
    }

    /// What the first and the last MiB hold.
    package enum Edges: Sendable, Hashable {
        case zero
        /// Zero but for the mark that a formatting left which did not end.
        case unfinishedFormatting
        case data
    }

    package enum Facts: Sendable, Hashable {
        /// There is no such device: the home lives on the overlay.
        case absent
        /// The device is mounted on the home folder already.
        case mounted
        /// Something else is mounted on the home folder.
        case occupied(by: String)
        case found(Signature?, Edges)
    }

    package enum Decision: Sendable, Hashable {
        case nothing
        case format
        case mount(type: String)
        /// Look at the first partition in the same way, but never format it.
        case usePartition
        case refuse(String)
    }

    /// File systems that can hold a home.
    package static let types: Set<String> = ["ext4", "ext3", "ext2", "xfs", "btrfs"]

    /// The decision for `device`. `isWhole` is false for a partition.
    package static func decide(_ facts: Facts, device: String, isWhole: Bool = true) -> Decision {
        switch facts {
        case .absent, .mounted: return .nothing
        case .occupied(let other):
            return .refuse("\(other) is mounted where the user disk \(device) belongs; unmount it")
        case .found(nil, _):
            return .refuse(
                "blkid could not tell what is on the user disk \(device); it is left as it is. Look at it with"
                    + " blkid -p \(device)")
        case .found(.fileSystem(let type), _):
            if types.contains(type) { return .mount(type: type) }
            return .refuse("the user disk \(device) holds \(type), which cannot hold a home; it is left as it is")
        case .found(.partitions, _):
            if isWhole { return .usePartition }
            return .refuse("\(device) holds a table of partitions inside a partition; it is left as it is")
        case .found(.other(let type), _):
            return .refuse("the user disk \(device) holds \(type), not a file system; it is left as it is")
        case .found(.nothing, .data):
            return .refuse(
                "the user disk \(device) holds data without a signature; it is left as it is. If it is worth"
                    + " nothing, fill its first and last MiB with zeros")
        case .found(.nothing, .zero), .found(.nothing, .unfinishedFormatting):
            if isWhole { return .format }
            return .refuse("the partition \(device) of the user disk is empty; format it with mkfs.ext4")
        }
    }

    // MARK: The mark

    /// Written on an empty disk before it is formatted and removed after: a guest that dies in between must not
    /// leave a disk that holds "data" for ever. 16 bytes.
    package static let mark = Array("QVD formatting\n\n".utf8)
    /// How many bytes before the end of the disk the mark begins: in the last MiB, away from the 64 KiB that
    /// mkfs.ext4 clears, so that it lasts as long as the file system has no superblock.
    package static let markDistance = 512 << 10
    /// The least size of a disk worth formatting, in bytes: below, the edges overlap.
    package static let sizeMin = 4 << 20

    /// What the edges hold, from the first and the last MiB. What an unfinished formatting wrote in the first MiB
    /// counts for nothing beside the mark.
    package static func edges(first: [UInt8], last: [UInt8]) -> Edges {
        let place = last.count - markDistance
        if place >= 0, last[place...].starts(with: mark) { return .unfinishedFormatting }
        return first.allSatisfy { $0 == 0 } && last.allSatisfy { $0 == 0 } ? .zero : .data
    }
}

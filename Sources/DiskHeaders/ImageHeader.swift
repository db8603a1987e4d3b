/// What the first bytes of a file say that it is.
///
/// Formats are told by their signatures and never by the file's name: a `cloud.img` may be qcow2. What a header names
/// (a backing file, a data file) is not opened.
package enum ImageHeader: Sendable, Hashable {
    case qcow2(Qcow2Header)
    /// A format that QVD's guests are not started on.
    case foreign(ForeignFormat)
    /// No signature that is known: a raw image, or no image.
    case none

    /// How much of a file must be given, if it has so much. Signatures lie in the first 33 KiB, and what is read of a
    /// qcow2 header in its first cluster, which `qemu-img` makes of 64 KiB.
    package static let length = 128 << 10

    /// - Parameters:
    ///   - bytes: the file's first `length` bytes, or all of a shorter one.
    package init(_ bytes: [UInt8]) throws(ImageFault) {
        if bytes.starts(with: Qcow2Header.signature) {
            self = .qcow2(try Qcow2Header(bytes))
        } else if let format = ForeignFormat(bytes) {
            self = .foreign(format)
        } else {
            self = .none
        }
    }
}

/// A file that says it is a disk image and is a broken one.
package struct ImageFault: Error, Sendable, Hashable {
    /// What is wrong with it, as in `its L1 table lies behind the end of the file`.
    package let words: String

    init(_ words: String) { self.words = words }
}

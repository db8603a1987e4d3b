/// The kernel and the initial ramdisk that a node boots directly when both lie beside an image: `x.kernel` and
/// `x.initrd` beside `x.qcow2`.
package enum BootFiles {
    package static let kernelSuffix = ".kernel"
    package static let ramdiskSuffix = ".initrd"

    /// The path or name without what follows the last dot of the file's name; a leading dot is no such dot.
    package static func stem(of image: String) -> Substring {
        let name = image.lastIndex(of: "/").map { image.index(after: $0) } ?? image.startIndex
        guard let dot = image[name...].lastIndex(of: "."), dot > name else { return image[...] }
        return image[..<dot]
    }

    package static func kernel(of image: String) -> String { stem(of: image) + kernelSuffix }
    package static func ramdisk(of image: String) -> String { stem(of: image) + ramdiskSuffix }
}

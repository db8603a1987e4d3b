/// Which files may be base images, and what a kept overlay must still be.
package enum ImageRules {
    package enum Format: Sendable, Hashable {
        case qcow2(Qcow2Header)
        /// Every byte is the disk's.
        case raw
    }

    /// The format of a base image. Content decides; a file without a signature is raw only when its name says so.
    package static func base(_ bytes: [UInt8], name: String) throws(ImageRefusal) -> Format {
        switch try header(bytes) {
        case .foreign(let format): throw .foreign(format)
        case .none:
            let name = name.lowercased()
            guard name.hasSuffix(".raw") || name.hasSuffix(".img") else { throw .unknownContent }
            return .raw
        case .qcow2(let header):
            if let backing = header.backing { throw .layer(over: backing.name) }
            try checkAlone(header)
            return .qcow2(header)
        }
    }

    /// Whether an overlay that was kept is still over its image and nothing else. Its last emulator wrote it, and one
    /// that a guest took over may have written anything.
    ///
    /// - Parameters:
    ///   - path, format: of its base image, as they were written when it was made.
    package static func checkOverlay(_ bytes: [UInt8], over path: String, format: String) throws(ImageRefusal) {
        guard case .qcow2(let header) = try header(bytes) else { throw .unknownContent }
        try checkAlone(header)
        let wanted = Qcow2Header.Backing(name: Array(path.utf8), format: Array(format.utf8))
        guard header.backing == wanted else { throw .otherBase(header.backing, wanted: wanted) }
    }

    private static func header(_ bytes: [UInt8]) throws(ImageRefusal) -> ImageHeader {
        do throws(ImageFault) { return try ImageHeader(bytes) } catch { throw .broken(error) }
    }

    private static func checkAlone(_ header: Qcow2Header) throws(ImageRefusal) {
        if header.hasDataFile { throw .dataElsewhere(header.dataFile) }
        if let encryption = header.encryption { throw .encrypted(encryption) }
        if header.isMarkedDamaged { throw .markedDamaged }
        if !header.unknownFeatures.isEmpty { throw .unknownFeatures(header.unknownFeatures) }
    }
}

/// A format of files that people take for disk images, and no guest is started on.
package enum ForeignFormat: String, Sendable, Hashable, CaseIterable {
    case vmdk, vdi, vhd, vhdx, qed, parallels, luks, iso, gzip, bzip2, xz, zstd, zip, sevenZip, tar

    private typealias Signature = (format: ForeignFormat, at: Int, bytes: [UInt8])

    /// Where each format's signature lies, by its own specification.
    private static let signatures: [Signature] = [
        (.vmdk, 0, Array("KDMV".utf8)), (.vmdk, 0, Array("COWD".utf8)),
        (.vmdk, 0, Array("# Disk DescriptorFile".utf8)),
        (.vdi, 0x40, [0x7F, 0x10, 0xDA, 0xBE]),
        (.vhd, 0, Array("conectix".utf8)), (.vhdx, 0, Array("vhdxfile".utf8)),
        (.qed, 0, Array("QED\0".utf8)),
        (.parallels, 0, Array("WithoutFreeSpace".utf8)), (.parallels, 0, Array("WithouFreSpacExt".utf8)),
        (.luks, 0, Array("LUKS".utf8) + [0xBA, 0xBE]),
        (.gzip, 0, [0x1F, 0x8B]), (.bzip2, 0, Array("BZh".utf8)), (.xz, 0, [0xFD] + Array("7zXZ\0".utf8)),
        (.zstd, 0, [0x28, 0xB5, 0x2F, 0xFD]), (.zip, 0, Array("PK".utf8) + [3, 4]),
        (.sevenZip, 0, Array("7z".utf8) + [0xBC, 0xAF, 0x27, 0x1C]),
        (.tar, 257, Array("ustar".utf8)),
    ]

    init?(_ bytes: [UInt8]) {
        let found = Self.signatures.first { bytes.dropFirst($0.at).starts(with: $0.bytes) }
        guard let format = found?.format ?? Self.disc(bytes) else { return nil }
        self = format
    }

    /// An installation disc. Those that also start from a USB stick begin with a partition table, as a raw disk does,
    /// and are discs all the same.
    private static func disc(_ bytes: [UInt8]) -> ForeignFormat? {
        bytes.dropFirst(0x8001).starts(with: Array("CD001".utf8)) ? .iso : nil
    }

    /// What the file is, as in `it is a VMware disk (VMDK)`.
    package var words: String {
        switch self {
        case .vmdk: "a VMware disk (VMDK)"
        case .vdi: "a VirtualBox disk (VDI)"
        case .vhd: "a Virtual PC disk (VHD)"
        case .vhdx: "a Hyper-V disk (VHDX)"
        case .qed: "a QED image"
        case .parallels: "a Parallels disk"
        case .luks: "an encrypted disk (LUKS)"
        case .iso: "an installation disc (ISO 9660)"
        case .gzip: "compressed with gzip"
        case .bzip2: "compressed with bzip2"
        case .xz: "compressed with xz"
        case .zstd: "compressed with zstd"
        case .zip: "a ZIP archive"
        case .sevenZip: "a 7z archive"
        case .tar: "a tar archive (an OVA file is one)"
        }
    }

    /// What `qemu-img` calls the format; nil for what it does not convert as it is.
    var converted: String? {
        switch self {
        case .vmdk, .vdi, .vhdx, .qed, .parallels: rawValue
        case .vhd: "vpc"
        case .luks, .iso, .gzip, .bzip2, .xz, .zstd, .zip, .sevenZip, .tar: nil
        }
    }
}

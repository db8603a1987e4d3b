import TextEncodings

/// Why a file may not be a base image, or not the overlay that it was made as.
///
/// An image stands alone: what its header names would be opened with the hypervisor's rights, whatever it is, and its
/// content shown to a guest.
package enum ImageRefusal: Error, Sendable, Hashable {
    case foreign(ForeignFormat)
    /// It has no signature, and is not called a raw image.
    case unknownContent
    case broken(ImageFault)
    case layer(over: [UInt8])
    case dataElsewhere([UInt8]?)
    case encrypted(Qcow2Header.Encryption)
    case markedDamaged
    case unknownFeatures([Int])
    /// An overlay over another base image than its VM's; nil is none.
    case otherBase(Qcow2Header.Backing?, wanted: Qcow2Header.Backing)

    /// What is wrong with the file, as the end of a sentence that begins with its name: `is …`, `keeps …`.
    package var words: String {
        switch self {
        case .foreign(let format): "is \(format.words), and QVD starts guests on qcow2 and raw images"
        case .unknownContent: "is no qcow2 image"
        case .broken(let fault): "is a broken qcow2 image: \(fault.words)"
        case .layer(let name):
            "is a layer over another image, `\(ForeignText.shown(name))`, and a base image must stand alone"
        case .dataElsewhere(let name):
            "keeps its data in another file\(name.map { ", `\(ForeignText.shown($0))`" } ?? ""), and an image must hold"
                + " them itself"
        case .encrypted(let kind): "is encrypted (\(kind == .luks ? "LUKS" : "AES")), and QVD has no key for it"
        case .markedDamaged: "was marked as damaged by QEMU"
        case .unknownFeatures(let numbers):
            "was made by a newer QEMU: it needs feature\(numbers.count > 1 ? "s" : "")"
                + " \(numbers.map(String.init).joined(separator: ", ")) of the format"
        case .otherBase(let backing, let wanted):
            "is no layer over `\(ForeignText.shown(wanted.name))` any more:"
                + (backing.map { " it names `\(ForeignText.shown($0.name))` as its base image" } ?? " it stands alone")
        }
    }

    /// What to do, a command where there is one; nil when only the image's maker can help.
    ///
    /// - Parameter path: the file, as the reader of the message may name it.
    package func remedy(for path: String) -> String? {
        let (file, result) = (ShellWord.quoted(path), ShellWord.quoted(Self.renamed(path)))
        switch self {
        case .foreign(let format):
            return Self.remedy(format, file, result)
        case .unknownContent:
            return "copy it again, whole; an image without a format is called .raw or .img"
        case .broken:
            return "copy it again, whole"
        case .layer, .dataElsewhere, .unknownFeatures:
            return "make one file of it and add that: qemu-img convert -O qcow2 \(file) \(result)"
        case .encrypted:
            return "write it out with its key and add that: qemu-img convert --object"
                + " secret,id=key,file=KEYFILE --image-opts driver=qcow2,file.filename=\(file),encrypt.key-secret=key"
                + " -O qcow2 \(result)"
        case .markedDamaged:
            return "mend a copy and add that: qemu-img check -r all \(file)"
        case .otherBase:
            return nil
        }
    }

    /// What to do about a kept overlay.
    package func overlayRemedy(for path: String) -> String {
        let file = ShellWord.quoted(path)
        switch self {
        case .markedDamaged: return "mend it: qemu-img check -r all \(file)"
        case .otherBase(.some, let wanted):
            let (base, format) = (ForeignText.shown(wanted.name, upTo: 4_096), ForeignText.shown(wanted.format ?? []))
            return "if the images were moved, say so to it: qemu-img rebase -u -f qcow2 -F \(format)"
                + " -b \(ShellWord.quoted(base)) \(file)"
        case .broken, .unknownContent:
            return "move it away, and the VM gets a new one, without what was changed on it"
        default:
            return "nothing of ours writes this; keep the file as evidence by another name, and the VM gets a new one"
        }
    }

    private static func remedy(_ format: ForeignFormat, _ file: String, _ result: String) -> String {
        if let name = format.converted {
            return "convert it and add the result: qemu-img convert -f \(name) -O qcow2 \(file) \(result)"
        }
        return switch format {
        case .iso: "install from it into a disk image, and add that"
        case .luks: "write its content out with its key, and add that"
        case .zip, .sevenZip, .tar: "unpack it, and add the disk image that is in it"
        default: "unpack it, and add the result"
        }
    }

    /// `disk.vmdk` becomes `disk.qcow2`, and `disk.qcow2` becomes `disk-whole.qcow2`.
    private static func renamed(_ path: String) -> String {
        let name = path.lastIndex(of: "/").map { path[path.index(after: $0)...] } ?? path[...]
        let stem = name.lastIndex(of: ".").flatMap { $0 == name.startIndex ? nil : name[..<$0] } ?? name
        let whole = path.dropLast(name.count) + stem
        return name.hasSuffix(".qcow2") ? "\(whole)-whole.qcow2" : "\(whole).qcow2"
    }
}

import DiskHeaders
package import FarmModel
package import FarmPorts

/// A look at an image file: what it is, and that it stands alone and is whole. No other program reads it, and nothing
/// that it names is opened. It blocks for as long as its tables take to be read, some mebibytes for most images.
package struct ImageFile {
    private let path: String
    private let attempt: String

    /// What images with a kernel of their own are booted with.
    static let kernelCommandLine = "root=/dev/vda console=ttyS0 quiet no_timer_check"
    /// Read at a time.
    private static let chunk: Int64 = 1 << 20

    /// - Parameter attempt: what is being done, for errors.
    package init(_ path: String, attempt: String) {
        self.path = path
        self.attempt = attempt
    }

    /// Throws `.notFound` when there is no such file, `.corrupt` when it is broken, and `.invalid` when it is whole and
    /// may be no base image; the error says what to do.
    package func inspect() throws(PortError) -> ImageFacts {
        try inspect(try open())
    }

    func open() throws(PortError) -> ReadOnlyFile {
        do throws(PortError) {
            return try ReadOnlyFile(path, followsLinks: true, attempt: attempt)
        } catch  where error.reason == .notFound {
            throw PortError(
                .rejected, .notFound, attempt: attempt,
                detail: "there is no file \(path); copy the image there under this name")
        }
    }

    func inspect(_ file: borrowing ReadOnlyFile) throws(PortError) -> ImageFacts {
        let size = file.identity.size
        guard size > 0 else {
            throw PortError(.rejected, .corrupt, attempt: attempt, detail: "\(path) is empty")
        }
        let start = try file.read(0..<Int64(ImageHeader.length), attempt: attempt)
        let format: ImageRules.Format
        do throws(ImageRefusal) {
            format = try ImageRules.base(start, name: path)
        } catch {
            throw refused(error)
        }
        switch format {
        case .qcow2(let header):
            try checkTables(header, of: file)
            return ImageFacts(path: path, format: .qcow2, virtualSize: header.virtualSize, directBoot: nil)
        case .raw:
            // QEMU counts in sectors, the last one filled up.
            return ImageFacts(path: path, format: .raw, virtualSize: (size + 511) / 512 * 512, directBoot: nil)
        }
    }

    /// `x.kernel` and `x.initrd` beside `x.qcow2`; nil unless both are there.
    func directBoot() throws(PortError) -> DirectBoot? {
        let (kernel, ramdisk) = (BootFiles.kernel(of: path), BootFiles.ramdisk(of: path))
        guard try FileCalls.status(kernel, attempt: attempt) != nil,
            try FileCalls.status(ramdisk, attempt: attempt) != nil
        else { return nil }
        return DirectBoot(kernelPath: kernel, initialRamdiskPath: ramdisk, commandLine: Self.kernelCommandLine)
    }

    private func checkTables(_ header: Qcow2Header, of file: borrowing ReadOnlyFile) throws(PortError) {
        var map = try sound { () throws(ImageFault) in try Qcow2Map(header, fileSize: file.identity.size) }
        var place = map.firstTable.lowerBound
        while place < map.firstTable.upperBound {
            let end = min(place + Self.chunk, map.firstTable.upperBound)
            let first = try file.read(place..<end, attempt: attempt)
            for range in try sound({ () throws(ImageFault) in try map.secondTables(in: first) }) {
                let table = try file.read(range, attempt: attempt)
                try sound { () throws(ImageFault) in try map.checkClusters(in: table) }
            }
            place = end
        }
    }

    private func sound<Value>(_ check: () throws(ImageFault) -> Value) throws(PortError) -> Value {
        do throws(ImageFault) { return try check() } catch { throw refused(.broken(error)) }
    }

    private func refused(_ refusal: ImageRefusal) -> PortError {
        let reason: PortError.Reason =
            switch refusal {
            case .broken, .unknownContent, .markedDamaged: .corrupt
            default: .invalid
            }
        let remedy = refusal.remedy(for: path).map { "; \($0)" } ?? ""
        return PortError(.rejected, reason, attempt: attempt, detail: "\(path) \(refusal.words)\(remedy)")
    }
}

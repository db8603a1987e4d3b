import FarmModel
import FarmPorts
import Glibc

/// The reservations as files that dnsmasq watches (`dhcp-hostsdir`), one per VM, named `FARM-VM`.
///
/// A file that appears or is replaced takes effect at once. One that disappears does not: dnsmasq keeps what it said
/// until it reads everything again, deaf meanwhile. So a removed reservation's file is replaced by one that tells
/// dnsmasq to ignore that MAC, and is deleted before dnsmasq is next started.
struct ReservationFiles: Sendable {
    let farm: FarmID
    let folder: String

    func prepare() throws(PortError) {
        for path in [parent, folder] where mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw failure("making the folder \(path)")
        }
    }

    private var parent: String { String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]) }

    /// What is published, by VM.
    func published() throws(PortError) -> [VMID: Reservation] {
        var found: [VMID: Reservation] = [:]
        for vm in try vms() { found[vm] = try line(of: vm).flatMap { Self.reservation(vm, $0) } }
        return found
    }

    func write(_ reservation: Reservation) throws(PortError) {
        try replace(
            reservation.vm, "\(reservation.mac),\(reservation.address),\(reservation.hostName),infinite")
    }

    /// - Parameter reservation: as it was published.
    func withdraw(_ reservation: Reservation) throws(PortError) {
        try replace(reservation.vm, "\(reservation.mac),ignore")
    }

    /// Deletes what only says to ignore a MAC. For a moment when no dnsmasq runs.
    func forgetWithdrawn() throws(PortError) {
        let published = try published()
        for vm in try vms() where published[vm] == nil {
            guard unlink(path(vm)) == 0 || errno == ENOENT else { throw failure("removing \(path(vm))") }
        }
    }

    // MARK: Files

    private func path(_ vm: VMID) -> String { "\(folder)/\(farm)-\(vm)" }

    private func vms() throws(PortError) -> [VMID] {
        guard let directory = opendir(folder) else { throw failure("listing \(folder)") }
        defer { closedir(directory) }
        var found: [VMID] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            let parts = name.split(separator: "-")
            guard parts.count == 2, parts[0] == farm.text, let number = Int64(parts[1]), number > 0 else { continue }
            found.append(VMID(number))
        }
        return found.sorted()
    }

    private func line(of vm: VMID) throws(PortError) -> String? {
        let descriptor = open(path(vm), O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("reading \(path(vm))")
        }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 512)
        let count = read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { throw failure("reading \(path(vm))") }
        return String(decoding: bytes[..<count].prefix { $0 != UInt8(ascii: "\n") }, as: UTF8.self)
    }

    static func reservation(_ vm: VMID, _ line: String) -> Reservation? {
        let parts = line.split(separator: ",").map(String.init)
        guard parts.count == 4, let mac = MACAddress(parts[0]), let address = IPv4Address(parts[1]) else { return nil }
        return Reservation(vm: vm, mac: mac, address: address, hostName: parts[2])
    }

    /// The hidden name is passed over by dnsmasq; the rename is what it notices, whole.
    private func replace(_ vm: VMID, _ line: String) throws(PortError) {
        let partial = "\(folder)/.\(farm)-\(vm)"
        let descriptor = open(partial, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw failure("writing \(partial)") }
        let bytes = Array((line + "\n").utf8)
        let count = Glibc.write(descriptor, bytes, bytes.count)
        let code = errno
        close(descriptor)
        guard count == bytes.count else {
            unlink(partial)
            throw failure("writing \(partial)", code: count < 0 ? code : ENOSPC)
        }
        guard rename(partial, path(vm)) == 0 else { throw failure("renaming \(partial)") }
    }

    private func failure(_ attempt: String, code: Int32 = errno) -> PortError {
        let reason: PortError.Reason =
            switch code {
            case ENOSPC, EDQUOT: .noSpace
            case EACCES, EPERM, EROFS: .denied
            case ENOENT: .notFound
            default: .unavailable
            }
        return PortError(
            .rejected, reason, attempt: "publishing DHCP reservations: \(attempt)",
            detail: "\(String(cString: strerror(code))) (errno \(code))")
    }
}

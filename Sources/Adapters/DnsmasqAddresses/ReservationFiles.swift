import FarmModel
import FarmPorts
import Glibc
import SystemCalls

/// The reservations as files that dnsmasq watches (`dhcp-hostsdir`), one per VM, named `FARM-VM`.
///
/// A file that appears takes effect at once: dnsmasq looks at its watch on the folder before it looks at DHCP
/// requests, so what was written before a request came is known when it is answered. What a file said before
/// it was replaced or removed holds until dnsmasq reads all of them anew (SIGHUP); until then it also refuses
/// any other record with that address.
struct ReservationFiles: Sendable {
    let farm: FarmID
    let folder: String

    /// Where files are written before they are moved to where dnsmasq looks: a file made there would wake it
    /// twice, and its queue of events is finite.
    private var partialFolder: String { "\(parent)/partial" }

    /// A file without reservations: dnsmasq logs that it read it, and so that it works and has read the
    /// others.
    var markerPath: String { "\(folder)/\(markerName)" }
    private var markerName: String { "\(farm)-read" }

    func prepare() throws(PortError) {
        for path in [parent, folder, partialFolder] where mkdir(path, 0o755) != 0 && errno != EEXIST {
            throw failure("making the folder \(path)")
        }
        // Only once: dnsmasq reads, and says so, each time it is written.
        if access(markerPath, F_OK) != 0 { try replace(markerName, with: "# read by dnsmasq") }
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
            "\(farm)-\(reservation.vm)",
            with: "\(reservation.mac),\(reservation.address),\(reservation.hostName),infinite")
    }

    func remove(_ vm: VMID) throws(PortError) {
        guard unlink(path(vm)) == 0 || errno == ENOENT else { throw failure("removing \(path(vm))") }
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
            guard parts.count == 2, parts[0] == farm.text, let number = Int64(parts[1]), number > 0 else {
                continue
            }
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
        guard parts.count == 4, let mac = MACAddress(parts[0]), let address = IPv4Address(parts[1]) else {
            return nil
        }
        return Reservation(vm: vm, mac: mac, address: address, hostName: parts[2])
    }

    /// The rename is what dnsmasq notices, whole.
    private func replace(_ name: String, with line: String) throws(PortError) {
        let partial = "\(partialFolder)/\(name)"
        let file = FileReplacement("\(folder)/\(name)", partial: partial, mode: 0o644, isDurable: false)
        do throws(FileReplacement.Failure) {
            try file.write(Array((line + "\n").utf8))
        } catch {
            throw failure(error.step == .rename ? "renaming \(partial)" : "writing \(partial)", code: error.code)
        }
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

import CLibvirt
import FarmPorts

/// What libvirt said when a call failed: its code and its words.
struct LibvirtFailure: Error, Sendable, Hashable {
    var code: Int32
    var message: String
    /// Whether the connection was still there after the call. If not, nobody knows whether the call was
    /// carried out.
    var isConnected = true

    /// The failure of the call that this thread made last.
    static func last(isConnected: Bool = true) -> LibvirtFailure {
        guard let error = virGetLastError() else {
            return LibvirtFailure(code: 0, message: "libvirt gave no reason", isConnected: isConnected)
        }
        let message = error.pointee.message.map { String(cString: $0) } ?? ""
        return LibvirtFailure(code: error.pointee.code, message: message, isConnected: isConnected)
    }

    func isCode(_ code: virErrorNumber) -> Bool { self.code == Int32(code.rawValue) }

    /// - Parameter invalidOperation: what libvirt's "operation invalid" means for this call: it says no more
    /// than
    ///   that the domain is not in a state for it.
    func portError(_ attempt: String, invalidOperation: PortError.Reason = .busy) -> PortError {
        let detail = "\(message) (libvirt error \(code))\(advice)"
        guard isConnected else {
            return PortError(
                .outcomeUnknown, .unavailable, attempt: attempt,
                detail: "the connection to libvirtd broke before the answer: \(detail)")
        }
        return PortError(.rejected, reason(invalidOperation), attempt: attempt, detail: detail)
    }

    /// Where libvirt's words do not say what to do.
    private var advice: String {
        if message.contains("specified dev doesn't exist") {
            return "; the VM's tap is missing: make it before the start"
        }
        if message.contains("lock") && message.contains("Failed to get") {
            return "; another emulator, perhaps on another node, has this disk"
        }
        return ""
    }

    private func reason(_ invalidOperation: PortError.Reason) -> PortError.Reason {
        let words: [(String, PortError.Reason)] = [
            ("No space left on device", .noSpace), ("Disk quota exceeded", .noSpace),
            // QEMU's image locking: another emulator has the disk.
            ("Failed to get \"write\" lock", .busy), ("Failed to get shared \"write\" lock", .busy),
            ("Device or resource busy", .busy), ("Permission denied", .denied),
            ("already exists", .alreadyExists),
            ("Cannot allocate memory", .unavailable), ("Cannot set up guest memory", .unavailable),
        ]
        if let match = words.first(where: { message.contains($0.0) }) { return match.1 }
        switch virErrorNumber(UInt32(code)) {
        case VIR_ERR_NO_DOMAIN: return .notFound
        case VIR_ERR_OPERATION_INVALID: return invalidOperation
        case VIR_ERR_DOM_EXIST: return .alreadyExists
        case VIR_ERR_OPERATION_TIMEOUT, VIR_ERR_RESOURCE_BUSY: return .busy
        case VIR_ERR_AUTH_FAILED, VIR_ERR_AUTH_UNAVAILABLE, VIR_ERR_ACCESS_DENIED, VIR_ERR_OPERATION_DENIED:
            return .denied
        case VIR_ERR_NO_MEMORY, VIR_ERR_NO_CONNECT, VIR_ERR_RPC: return .unavailable
        default: return .invalid
        }
    }
}

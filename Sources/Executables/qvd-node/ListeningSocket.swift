import FarmModel
import Glibc

/// The router's port.
enum ListeningSocket {
    /// Descriptor 3 when the environment says that it was handed down (LISTEN_FDS=1), otherwise a new one.
    static func inheritedOrOpened(address: IPv4Address, port: Int) throws -> Int32 {
        if let descriptor = inherited { return descriptor }
        return try open(address: address, port: port)
    }

    static var inherited: Int32? {
        guard let count = getenv("LISTEN_FDS"), String(cString: count) == "1" else { return nil }
        return 3
    }

    private static func open(address: IPv4Address, port: Int) throws -> Int32 {
        let attempt = "listening on \(address):\(port)"
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw SystemFailure(errno, attempt) }
        var yes: Int32 = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(port).bigEndian
        name.sin_addr.s_addr = address.bits.bigEndian
        let bound = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard bound == 0, listen(descriptor, 4096) == 0 else {
            let code = errno
            close(descriptor)
            let advice = code == EADDRINUSE ? "another program has the port: see `ss -ltnp`, or set l7r.port" : ""
            throw SystemFailure(code, attempt, advice: advice)
        }
        return descriptor
    }
}

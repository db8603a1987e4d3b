import FarmModel
import Foundation
import Glibc
import NodeRig
import Synchronization

/// Guests of every address that is this machine's: agents whose session is always listening, and X agents that take
/// every line and say nothing.
final class IdleGuests: Sendable {
    private let agent: CInt
    private let display: CInt
    private let open = Mutex<[CInt]>([])

    /// - Parameter askForSecret: whether whoever shows no secret is refused, as a real agent does.
    init(askForSecret: Bool = false) throws {
        var limit = rlimit()
        getrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        limit.rlim_cur = limit.rlim_max
        setrlimit(Int32(RLIMIT_NOFILE.rawValue), &limit)
        agent = try Self.listen(3030)
        display = try Self.listen(4100)
        Thread.detachNewThread { [self] in
            while let caller = Self.accept(agent) { Self.answer(caller, askForSecret) }
        }
        Thread.detachNewThread { [self] in
            while let line = Self.accept(display) { open.withLock { $0.append(line) } }
        }
    }

    /// How many lines were opened.
    var lines: Int { open.withLock(\.count) }

    func close() {
        for socket in [agent, display] { shutdown(socket, Int32(SHUT_RDWR)) }
        for line in open.withLock({ $0 }) + [agent, display] { Glibc.close(line) }
    }

    private static func listen(_ port: UInt16) throws -> CInt {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        let result = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0, Glibc.listen(descriptor, 64) == 0 else {
            throw RigFailure("cannot listen on port \(port): \(String(cString: strerror(errno)))")
        }
        return descriptor
    }

    private static func accept(_ listener: CInt) -> CInt? {
        let descriptor = Glibc.accept(listener, nil, nil)
        return descriptor < 0 ? nil : descriptor
    }

    private static func answer(_ caller: CInt, _ askForSecret: Bool) {
        defer { Glibc.close(caller) }
        var request = [UInt8](repeating: 0, count: 16_384)
        let count = read(caller, &request, request.count)
        guard count > 0 else { return }
        let text = String(decoding: request[..<count], as: UTF8.self)
        let body = text.contains("x_start") ? "[\"starting\"]" : "[\"listening\"]"
        let isRefused = askForSecret && !text.lowercased().contains("\r\nauthorization:")
        let status = isRefused ? "401 Unauthorized" : "200 OK"
        let reply =
            "HTTP/1.1 \(status)\r\nContent-Type: application/json\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
        _ = reply.withCString { write(caller, $0, strlen($0)) }
    }
}

/// Clients in processes of their own, so that their memory is not counted.
final class IdleClients {
    private let process = Process()
    private let names = Pipe()

    init(port: Int, host: String) throws {
        let login = Data("alice:correct horse".utf8).base64EncodedString()
        let request =
            "GET /qvd/connect_to_vm?id=%s HTTP/1.1\\r\\nHost: node1\\r\\nAuthorization: Basic \(login)\\r\\n"
            + "Connection: Upgrade\\r\\nUpgrade: QVD/1.0\\r\\n\\r\\n"
        let script = """
            while read -r vm; do
                { printf '\(request)' "$vm"; exec sleep 600; } |
                    openssl s_client -quiet -connect \(host):\(port) >/dev/null 2>&1 &
            done
            kill -KILL 0
            """
        process.executableURL = URL(filePath: "/usr/bin/setsid")
        process.arguments = ["bash", "-c", script]
        process.standardInput = names
        try process.run()
    }

    func connect(to vm: VMID) throws { try names.fileHandleForWriting.write(contentsOf: Data("\(vm)\n".utf8)) }

    /// Ends all of them.
    func leave() {
        names.fileHandleForWriting.closeFile()
        process.waitUntilExit()
    }
}

import Foundation
import Glibc
import NodeRig

/// Requests to the agent, right and wrong, on bare sockets.
extension GuestRig {
    struct Reply: Sendable {
        /// 0 when nothing came.
        var status: Int
        var body: String
    }

    func request(_ target: String, authorization: [String]? = nil) async throws -> Reply {
        let headers = (authorization ?? ["Bearer \(secret)"]).map { "Authorization: \($0)\r\n" }.joined()
        return try await send(Array("GET \(target) HTTP/1.1\r\nHost: guest\r\n\(headers)\r\n".utf8))
    }

    /// 0 when there is no answer.
    func status(of method: String) async -> Int {
        do { return try await request("/vma/\(method)").status } catch { return 0 }
    }

    /// Sends these bytes and reads until the agent closes, or for `limit` seconds.
    func send(_ bytes: [UInt8], limit: Int = 10) async throws -> Reply {
        try await withCheckedThrowingContinuation { continuation in
            // A thread of its own kind: these calls block.
            DispatchQueue.global().async {
                do {
                    let socket = try Self.open(limit: limit)
                    defer { close(socket) }
                    _ = bytes.withUnsafeBytes { Foundation.send(socket, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                    continuation.resume(returning: Self.parse(Self.read(socket)))
                } catch {
                    continuation.resume(throwing: error)
                }
            }
        }
    }

    /// A connection that says nothing, to be closed by the caller.
    static func open(limit: Int = 10) throws -> Int32 {
        let file = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var patience = timeval(tv_sec: limit, tv_usec: 0)
        setsockopt(file, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(file, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = port.bigEndian
        address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(file, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else {
            close(file)
            throw RigFailure("connect to the agent: errno \(errno)")
        }
        return file
    }

    private static func read(_ socket: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 65_536)
        while true {
            let got = recv(socket, &chunk, chunk.count, 0)
            guard got > 0 else { return bytes }
            bytes += chunk[..<got]
        }
    }

    private static func parse(_ bytes: [UInt8]) -> Reply {
        let text = String(decoding: bytes, as: UTF8.self)
        let parts = text.components(separatedBy: "\r\n\r\n")
        let words = text.split(separator: " ", maxSplits: 2)
        let status = words.count > 1 && words[0].hasPrefix("HTTP/1.") ? Int(words[1]) ?? 0 : 0
        return Reply(status: status, body: parts.dropFirst().joined(separator: "\r\n\r\n"))
    }
}

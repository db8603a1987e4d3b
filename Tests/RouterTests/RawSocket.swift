import Foundation
import Glibc
import Synchronization

/// A plain TCP socket with time limits: the wire as a client or a guest sees it, without any library between.
final class RawSocket: Sendable {
    struct Failure: Error, CustomStringConvertible {
        let description: String
        init(_ attempt: String) {
            description = "\(attempt): \(String(cString: strerror(errno))) (errno \(errno))"
        }
    }

    /// -1 once closed.
    private let handle: Mutex<CInt>
    var descriptor: CInt { handle.withLock { $0 } }

    init(descriptor: CInt, timeLimit: Int = 10) {
        handle = Mutex(descriptor)
        var limit = timeval(tv_sec: timeLimit, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    deinit { close() }

    /// - Parameter receiveBuffer: bytes the kernel may hold for us; small ones make a slow reader felt early.
    static func connect(port: Int, receiveBuffer: Int? = nil) throws -> RawSocket {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("making a socket") }
        let made = RawSocket(descriptor: descriptor)
        if let receiveBuffer {
            var size = CInt(receiveBuffer)
            setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, socklen_t(MemoryLayout<CInt>.size))
        }
        let result = withAddress("127.0.0.1", port) { Glibc.connect(descriptor, $0, $1) }
        guard result == 0 else { throw Failure("connecting to port \(port)") }
        return made
    }

    static func listen(address: String = "0.0.0.0", port: Int = 0) throws -> RawSocket {
        let descriptor = socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("making a socket") }
        let made = RawSocket(descriptor: descriptor)
        var one: CInt = 1
        setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, socklen_t(MemoryLayout<CInt>.size))
        guard withAddress(address, port, { bind(descriptor, $0, $1) }) == 0, Glibc.listen(descriptor, 64) == 0
        else {
            throw Failure("listening on port \(port)")
        }
        return made
    }

    var port: Int {
        var address = sockaddr_in()
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { pointer in
            _ = pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                getsockname(descriptor, $0, &length)
            }
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }

    func accept() throws -> RawSocket {
        let accepted = Glibc.accept(descriptor, nil, nil)
        guard accepted >= 0 else { throw Failure("waiting for a connection") }
        return RawSocket(descriptor: accepted)
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let count = bytes[sent...].withUnsafeBytes {
                Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw Failure("sending") }
            sent += count
        }
    }

    /// Sends and closes, on a thread of its own: for more than the kernel holds.
    func sendAndCloseBeside(_ bytes: [UInt8]) {
        Thread.detachNewThread { [self] in
            guard (try? send(bytes)) != nil else { return }
            close()
        }
    }

    /// Sends without waiting for room; returns how many bytes the kernel took.
    func sendWhatFits(_ bytes: [UInt8]) -> Int {
        bytes.withUnsafeBytes {
            Glibc.send(
                descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL) | CInt(MSG_DONTWAIT))
        }
    }

    /// At most so many bytes; empty at the end. Throws when nothing comes in time.
    func receive(max: Int = 65_536) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: max)
        let count = bytes.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count >= 0 else { throw Failure("receiving") }
        return Array(bytes[..<count])
    }

    func receive(exactly count: Int) throws -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count < count {
            let part = try receive(max: count - bytes.count)
            if part.isEmpty { break }
            bytes += part
        }
        return bytes
    }

    /// Everything until the other side ends.
    func receiveAll() throws -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            let part = try receive()
            if part.isEmpty { return bytes }
            bytes += part
        }
    }

    /// Until and with the empty line that ends a head. Reads byte by byte, so that nothing behind it is lost.
    func receiveHead() throws -> String {
        var bytes: [UInt8] = []
        while !bytes.suffix(4).elementsEqual("\r\n\r\n".utf8) {
            let part = try receive(max: 1)
            if part.isEmpty { break }
            bytes += part
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    func endOutput() { shutdown(descriptor, CInt(SHUT_WR)) }

    func close() {
        let descriptor = handle.withLock { handle in
            defer { handle = -1 }
            return handle
        }
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// Closes with a reset instead of a FIN.
    func reset() {
        var now = linger(l_onoff: 1, l_linger: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    func limitReceiving(seconds: Int) {
        var limit = timeval(tv_sec: seconds, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    private static func withAddress(
        _ text: String, _ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> CInt
    ) -> CInt {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(port).bigEndian
        inet_pton(AF_INET, text, &address.sin_addr)
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}

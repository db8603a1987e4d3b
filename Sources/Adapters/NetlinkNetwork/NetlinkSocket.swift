import CLinux
import Glibc

/// One conversation with the kernel: a socket of its own, so that no answer of an earlier one can be met.
/// Blocks; used on a thread of its own only.
struct NetlinkSocket: ~Copyable {
    private let descriptor: Int32
    private var sequence: UInt32 = 0

    /// The kernel answers in microseconds; only a kernel in trouble takes longer than this.
    private static let timeoutMilliseconds: Int32 = 5_000
    /// The kernel cuts dumps into at most 32 KiB (NETLINK's own limit for a dump datagram).
    private static let receiveCapacity = 64 * 1024
    /// How often a dump that was interrupted by a change is started again.
    private static let dumpAttempts = 20

    init() throws(NetlinkFailure) {
        let opened = clinux_route_socket(Self.timeoutMilliseconds)
        guard opened >= 0 else { throw .notSent(errno: -opened, call: "opening a route netlink socket") }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Sends a request that is only acknowledged.
    mutating func perform(_ request: NetlinkRequest) throws(NetlinkFailure) {
        _ = try exchange(request)
    }

    /// Sends a request that is answered by one message.
    mutating func fetch(_ request: NetlinkRequest) throws(NetlinkFailure) -> NetlinkReply.Message {
        guard let message = try exchange(request).messages.first else { throw .noAnswer("an empty answer") }
        return message
    }

    /// Sends a dump request, again when the dump was interrupted by a change, and returns all its messages.
    mutating func dump(_ request: NetlinkRequest) throws(NetlinkFailure) -> [NetlinkReply.Message] {
        for _ in 0..<Self.dumpAttempts {
            let answer = try exchange(request)
            if !answer.wasInterrupted { return answer.messages }
        }
        throw .refused(errno: EAGAIN, words: "the list changed during each of \(Self.dumpAttempts) readings")
    }

    private struct Answer {
        var messages: [NetlinkReply.Message] = []
        var wasInterrupted = false
        var isWhole = false
    }

    private mutating func exchange(_ request: NetlinkRequest) throws(NetlinkFailure) -> Answer {
        sequence += 1
        let bytes = request.message(sequence: sequence)
        let sent = clinux_send(descriptor, bytes, bytes.count)
        guard sent == bytes.count else { throw .notSent(errno: Int32(-min(sent, 0)), call: "send") }
        let isDump = request.flags & RouteConstant.dump == RouteConstant.dump
        var answer = Answer()
        while !answer.isWhole {
            for message in try NetlinkReply.messages(in: try receive()) where message.sequence == sequence {
                try Self.take(message, into: &answer, isDump: isDump)
            }
        }
        return answer
    }

    private static func take(
        _ message: NetlinkReply.Message, into answer: inout Answer, isDump: Bool
    ) throws(NetlinkFailure) {
        if message.flags & RouteConstant.dumpInterrupted != 0 { answer.wasInterrupted = true }
        switch message.type {
        case RouteConstant.error, RouteConstant.done:
            // Both begin with an error number: 0 for success, else a negative errno.
            let number: Int32 = NetlinkReply.number(in: message.body, at: 0) ?? 0
            if number != 0 { throw .refused(errno: -number, words: words(of: message)) }
            answer.isWhole = true
        default:
            answer.messages.append(message)
            if !isDump { answer.isWhole = true }
        }
    }

    /// The kernel's own words for an error, if it said any.
    private static func words(of message: NetlinkReply.Message) -> String {
        guard message.type == RouteConstant.error, message.flags & RouteConstant.hasAttributes != 0,
            let echoed: UInt32 = NetlinkReply.number(in: message.body, at: 4)
        else { return "" }
        // The error number and the echoed request (its header only, when capped) come first.
        let start = 4 + (message.flags & RouteConstant.capped != 0 ? 16 : Int(echoed))
        // Words that cannot be read are no reason to hide the error they belong to.
        guard start <= message.body.count,
            case .success(let attributes) = Result(catching: { () throws(NetlinkFailure) in
                try NetlinkReply.attributes(in: message.body.dropFirst(start))
            })
        else { return "" }
        return attributes[RouteConstant.errorText].map(NetlinkReply.text) ?? ""
    }

    private func receive() throws(NetlinkFailure) -> [UInt8] {
        var count = 0
        let datagram = [UInt8](unsafeUninitializedCapacity: Self.receiveCapacity) { buffer, filled in
            count = clinux_receive(descriptor, buffer.baseAddress, buffer.count)
            filled = max(0, min(count, buffer.count))
        }
        guard count >= 0 else {
            throw .noAnswer(
                "the kernel did not answer a netlink request: \(String(cString: strerror(Int32(-count))))")
        }
        guard count <= datagram.count else { throw .noAnswer("an answer of \(count) bytes was cut off") }
        return datagram
    }
}

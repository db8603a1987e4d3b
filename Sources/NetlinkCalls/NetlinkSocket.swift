import CLinux
import Glibc

/// One conversation with the kernel: a socket of its own, so that no answer of an earlier one can be met.
/// Blocks; used on a thread of its own only.
package struct NetlinkSocket: ~Copyable {
    private let descriptor: Int32
    private var sequence: UInt32 = 0

    /// The kernel answers in microseconds; only a kernel in trouble takes longer than this.
    private static let timeoutMilliseconds: Int32 = 5_000
    /// The kernel cuts dumps into at most 32 KiB (NETLINK's own limit for a dump datagram).
    private static let receiveCapacity = 64 * 1024
    /// How often a dump that was interrupted by a change is started again.
    private static let dumpAttempts = 20

    /// Whom in the kernel a conversation is with.
    package enum Family: Int32 {
        /// Links, addresses, neighbours (NETLINK_ROUTE).
        case route = 0
        /// Packet filters (NETLINK_NETFILTER).
        case netfilter = 12
    }

    package init(_ family: Family) throws(NetlinkFailure) {
        let opened = clinux_netlink_socket(family.rawValue, Self.timeoutMilliseconds)
        guard opened >= 0 else { throw .notSent(errno: -opened, call: "opening a netlink socket (\(family))") }
        descriptor = opened
    }

    deinit { close(descriptor) }

    /// Sends a request that is only acknowledged.
    package mutating func perform(_ request: NetlinkRequest) throws(NetlinkFailure) {
        _ = try exchange(request)
    }

    /// Sends a request that is answered by one message.
    package mutating func fetch(_ request: NetlinkRequest) throws(NetlinkFailure) -> NetlinkReply.Message {
        guard let message = try exchange(request).messages.first else { throw .noAnswer("an empty answer") }
        return message
    }

    /// Sends a dump request, again when the dump was interrupted by a change, and returns all its messages.
    package mutating func dump(_ request: NetlinkRequest) throws(NetlinkFailure) -> [NetlinkReply.Message] {
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
        let isDump = request.flags & NetlinkConstant.dump == NetlinkConstant.dump
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
        if message.flags & NetlinkConstant.dumpInterrupted != 0 { answer.wasInterrupted = true }
        switch message.type {
        case NetlinkConstant.error, NetlinkConstant.done:
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
        guard message.type == NetlinkConstant.error, message.flags & NetlinkConstant.hasAttributes != 0,
            let echoed: UInt32 = NetlinkReply.number(in: message.body, at: 4)
        else { return "" }
        // The error number and the echoed request (its header only, when capped) come first.
        let start = 4 + (message.flags & NetlinkConstant.capped != 0 ? 16 : Int(echoed))
        // Words that cannot be read are no reason to hide the error they belong to.
        guard start <= message.body.count,
            case .success(let attributes) = Result(catching: { () throws(NetlinkFailure) in
                try NetlinkReply.attributes(in: message.body.dropFirst(start))
            })
        else { return "" }
        return attributes[NetlinkConstant.errorText].map(NetlinkReply.text) ?? ""
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

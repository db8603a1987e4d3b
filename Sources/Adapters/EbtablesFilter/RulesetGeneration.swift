import Dispatch
import NetlinkCalls

/// The number of the nftables rules that are in force in this process's network namespace. The kernel counts it up
/// with every change by anybody, also of rules that are not ebtables'.
struct RulesetGeneration: Sendable, Equatable {
    let number: UInt32

    /// Asking takes some microseconds; only a kernel in trouble makes its thread wait.
    private static let thread = DispatchQueue(label: "qvd.ruleset-generation", qos: .userInitiated)

    /// The present one; nil when the kernel does not say.
    static func current() async -> RulesetGeneration? {
        await withCheckedContinuation { continuation in
            thread.async { continuation.resume(returning: try? ask()) }
        }
    }

    private static func ask() throws(NetlinkFailure) -> RulesetGeneration? {
        var socket = try NetlinkSocket(.netfilter)
        return try RulesetGeneration(try socket.fetch(question))
    }

    // linux/netfilter/nf_tables.h and nfnetlink.h.
    private static let subsystem: UInt16 = 10 << 8
    private static let newGeneration = subsystem | 15
    private static let getGeneration = subsystem | 16
    private static let generationNumber = 1

    static var question: NetlinkRequest {
        var request = NetlinkRequest(type: getGeneration, flags: NetlinkConstant.request)
        // struct nfgenmsg: no family, version 0
        request.append(UInt32(0))
        return request
    }

    /// Nil for a message that says no generation.
    init?(_ message: NetlinkReply.Message) throws(NetlinkFailure) {
        guard message.type == Self.newGeneration, message.body.count >= 4 else { return nil }
        let attributes = try NetlinkReply.attributes(in: message.body.dropFirst(4))
        guard let octets = attributes[Self.generationNumber],
            let number: UInt32 = NetlinkReply.number(in: octets, at: 0)
        else { return nil }
        self.number = UInt32(bigEndian: number)
    }

    init(number: UInt32) { self.number = number }
}

import FarmModel
import NetlinkCalls

/// A network interface as rtnetlink tells of it.
struct Link: Sendable, Equatable {
    var index: Int32
    var name: String
    /// `bridge`, `tun`, `veth`...; nil for hardware.
    var kind: String?
    var isUp: Bool
    /// Index of the bridge it is a port of.
    var master: Int32?
    /// Nil unless it is a tun or tap.
    var tun: Tun?

    struct Tun: Sendable, Equatable {
        var isTap: Bool
        /// As this adapter makes them: persistent, no packet information, virtio-net header.
        var isAsOurs: Bool
    }

    var isTap: Bool { tun?.isTap ?? false }

    /// Nil for a message that is not about a link.
    init?(_ message: NetlinkReply.Message) throws(NetlinkFailure) {
        guard message.type == RouteConstant.newLink else { return nil }
        guard let index: Int32 = NetlinkReply.number(in: message.body, at: 4),
            let flags: UInt32 = NetlinkReply.number(in: message.body, at: 8), message.body.count >= 16
        else { throw .noAnswer("a link message of \(message.body.count) bytes") }
        let attributes = try NetlinkReply.attributes(in: message.body.dropFirst(16))
        self.index = index
        isUp = flags & RouteConstant.interfaceUp != 0
        name = attributes[RouteConstant.linkName].map(NetlinkReply.text) ?? ""
        master = attributes[RouteConstant.linkMaster].flatMap { NetlinkReply.number(in: $0, at: 0) }
        guard let information = attributes[RouteConstant.linkInfo] else { return }
        let details = try NetlinkReply.attributes(in: information)
        kind = details[RouteConstant.infoKind].map(NetlinkReply.text)
        guard kind == "tun", let data = details[RouteConstant.infoData] else { return }
        let properties = try NetlinkReply.attributes(in: data)
        func octet(_ type: Int) -> UInt8? { properties[type]?.first }
        tun = Tun(
            isTap: octet(RouteConstant.tunType) == RouteConstant.tapType,
            isAsOurs: octet(RouteConstant.tunPersistent) == 1 && octet(RouteConstant.tunVirtioHeader) == 1
                && octet(RouteConstant.tunPacketInformation) == 0)
    }
}

/// An IPv4 address of an interface.
struct InterfaceAddress: Equatable {
    var index: Int32
    var address: IPv4Address

    init?(_ message: NetlinkReply.Message) throws(NetlinkFailure) {
        guard message.type == RouteConstant.newAddress, message.body.first == RouteConstant.familyIPv4 else {
            return nil
        }
        guard let index: Int32 = NetlinkReply.number(in: message.body, at: 4) else {
            throw .noAnswer("an address message of \(message.body.count) bytes")
        }
        let attributes = try NetlinkReply.attributes(in: message.body.dropFirst(8))
        guard let octets = attributes[RouteConstant.addressLocal],
            let bits: UInt32 = NetlinkReply.number(in: octets, at: 0)
        else { return nil }
        self.index = index
        address = IPv4Address(bits: UInt32(bigEndian: bits))
    }
}

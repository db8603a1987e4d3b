import FarmModel
import NetlinkCalls

/// The requests this adapter sends.
extension NetlinkRequest {
    /// A link by name.
    static func link(named name: String) -> NetlinkRequest {
        var request = NetlinkRequest(type: RouteConstant.getLink, flags: NetlinkConstant.request)
        request.appendLinkHeader()
        request.attribute(RouteConstant.linkName, text: name)
        return request
    }

    /// Every link of a kind (`tun`).
    static func links(ofKind kind: String) -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.getLink, flags: NetlinkConstant.request | NetlinkConstant.dump)
        request.appendLinkHeader()
        request.nested(RouteConstant.linkInfo) { $0.attribute(RouteConstant.infoKind, text: kind) }
        return request
    }

    /// Makes the link a port of the bridge, and up.
    static func enslaveAndRaise(index: Int32, bridge: Int32) -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.newLink, flags: NetlinkConstant.request | NetlinkConstant.acknowledge)
        request.appendLinkHeader(
            index: index, flags: RouteConstant.interfaceUp, change: RouteConstant.interfaceUp)
        request.attribute(RouteConstant.linkMaster, number: bridge)
        return request
    }

    /// Makes the bridge learn nothing from this port, and take no part in a spanning tree through it.
    static func restrictPort(index: Int32) -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.newLink, flags: NetlinkConstant.request | NetlinkConstant.acknowledge)
        request.appendLinkHeader(index: index)
        request.nested(RouteConstant.linkInfo) { info in
            info.attribute(RouteConstant.infoSlaveKind, text: "bridge")
            info.nested(RouteConstant.infoSlaveData) { port in
                port.attribute(RouteConstant.portLearning, number: UInt8(0))
                port.attribute(RouteConstant.portGuard, number: UInt8(1))
            }
        }
        return request
    }

    /// Tells the bridge that this MAC is behind this port, whatever it sees elsewhere.
    static func placeMAC(_ mac: MACAddress, behind index: Int32) -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.newNeighbour,
            flags: NetlinkConstant.request | NetlinkConstant.acknowledge | NetlinkConstant.create
                | NetlinkConstant.replace)
        // struct ndmsg
        request.append(RouteConstant.familyBridge)
        request.append(octets: [0, 0, 0])
        request.append(index)
        request.append(RouteConstant.stateStatic)
        request.append(RouteConstant.flagsMasterSticky)
        request.append(UInt8(0))
        request.attribute(RouteConstant.neighbourMAC) { $0.append(octets: mac.octets) }
        return request
    }

    static func deleteLink(index: Int32) -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.deleteLink, flags: NetlinkConstant.request | NetlinkConstant.acknowledge)
        request.appendLinkHeader(index: index)
        return request
    }

    static func ipv4Addresses() -> NetlinkRequest {
        var request = NetlinkRequest(
            type: RouteConstant.getAddress, flags: NetlinkConstant.request | NetlinkConstant.dump)
        // struct ifaddrmsg
        request.append(RouteConstant.familyIPv4)
        request.append(octets: [0, 0, 0])
        request.append(Int32(0))
        return request
    }

    /// struct ifinfomsg
    private mutating func appendLinkHeader(index: Int32 = 0, flags: UInt32 = 0, change: UInt32 = 0) {
        append(UInt32(0))
        append(index)
        append(flags)
        append(change)
    }
}

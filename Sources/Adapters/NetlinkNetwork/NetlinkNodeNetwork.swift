import CLinux
import Dispatch
package import FarmModel
package import FarmPorts
import Glibc
import NetlinkCalls

/// Taps and the bridge of this node, by rtnetlink and the tun device. Every blocking call runs on one thread
/// of this adapter's own, in the order of the calls: removing a tap takes the kernel about 20 ms, all else
/// well under one.
package struct NetlinkNodeNetwork: NodeNetwork {
    private let bridge: String
    private let thread: DispatchQueue

    /// - Parameter bridge: the bridge's name, at most 15 octets.
    package init(bridge: String) {
        self.bridge = bridge
        thread = DispatchQueue(label: "qvd.netlink", qos: .userInitiated)
    }

    package func ensureTap(_ tap: TapName, mac: MACAddress) async throws(PortError) {
        let bridge = bridge
        try await blocking("making tap \(tap) on bridge \(bridge)") { socket, attempt throws(PortError) in
            let bridgeLink = try Self.findBridge(bridge, &socket, attempt: attempt)
            let existing = try Self.find(tap.text, &socket, attempt: attempt)
            if let existing, !existing.isTap {
                throw Self.foreign(existing, attempt: attempt)
            }
            do throws(NetlinkFailure) {
                if existing?.tun?.isAsOurs != true { try Self.makePersistentTap(tap.text) }
                let link = try Self.link(named: tap.text, &socket)
                try socket.perform(.enslaveAndRaise(index: link.index, bridge: bridgeLink.index))
                try socket.perform(.restrictPort(index: link.index))
                try socket.perform(.placeMAC(mac, behind: link.index))
            } catch {
                var failure = error.portError(attempt: attempt)
                if existing == nil, let undone = Self.undo(tap.text, &socket) { failure.detail += undone }
                throw failure
            }
        }
    }

    package func removeTap(_ tap: TapName) async throws(PortError) {
        try await blocking("removing tap \(tap)") { socket, attempt throws(PortError) in
            guard let link = try Self.find(tap.text, &socket, attempt: attempt) else { return }
            guard link.isTap else { throw Self.foreign(link, attempt: attempt) }
            do throws(NetlinkFailure) {
                try socket.perform(.deleteLink(index: link.index))
            } catch  where error.errno == ENODEV {
                return  // somebody else removed it meanwhile
            } catch {
                throw error.portError(attempt: attempt)
            }
        }
    }

    package func observeTaps() async throws(PortError) -> [ObservedTap] {
        let bridge = bridge
        return try await blocking("listing taps") { socket, attempt throws(PortError) in
            let master = try Self.find(bridge, &socket, attempt: attempt)?.index
            do throws(NetlinkFailure) {
                var taps: [ObservedTap] = []
                for message in try socket.dump(.links(ofKind: "tun")) {
                    guard let link = try Link(message), link.isTap, let name = TapName(link.name) else {
                        continue
                    }
                    taps.append(
                        ObservedTap(
                            name: name, isUp: link.isUp,
                            isOnBridge: link.master != nil && link.master == master))
                }
                return taps.sorted { $0.name < $1.name }
            } catch {
                throw error.portError(attempt: attempt)
            }
        }
    }

    package func observeBridge() async throws(PortError) -> ObservedBridge {
        let bridge = bridge
        return try await blocking("looking at bridge \(bridge)") { socket, attempt throws(PortError) in
            let link = try Self.findBridge(bridge, &socket, attempt: attempt)
            do throws(NetlinkFailure) {
                var addresses: [IPv4Address] = []
                for message in try socket.dump(.ipv4Addresses()) {
                    guard let found = try InterfaceAddress(message), found.index == link.index else {
                        continue
                    }
                    addresses.append(found.address)
                }
                return ObservedBridge(name: bridge, isUp: link.isUp, addresses: addresses)
            } catch {
                throw error.portError(attempt: attempt)
            }
        }
    }

    /// Runs the work on this adapter's thread, with a socket of its own.
    private func blocking<Value: Sendable>(
        _ attempt: String,
        _ work: @escaping @Sendable (inout NetlinkSocket, String) throws(PortError) -> Value
    ) async throws(PortError) -> Value {
        let result: Result<Value, PortError> = await withCheckedContinuation { continuation in
            thread.async {
                continuation.resume(
                    returning: Result { () throws(PortError) in
                        var socket: NetlinkSocket
                        do throws(NetlinkFailure) {
                            socket = try NetlinkSocket(.route)
                        } catch {
                            throw error.portError(attempt: attempt)
                        }
                        return try work(&socket, attempt)
                    })
            }
        }
        return try result.get()
    }
}

extension NetlinkNodeNetwork {
    private static func makePersistentTap(_ name: String) throws(NetlinkFailure) {
        let descriptor = clinux_tap_open(name)
        guard descriptor >= 0 else {
            throw .notSent(errno: -descriptor, call: "attaching to the tap (TUNSETIFF)")
        }
        defer { close(descriptor) }
        let result = clinux_tap_make_persistent(descriptor)
        guard result == 0 else { throw .notSent(errno: -result, call: "making the tap persistent") }
    }

    /// Removes the tap that this call made. Words to add to the error when that fails too.
    private static func undo(_ name: String, _ socket: inout NetlinkSocket) -> String? {
        do throws(NetlinkFailure) {
            try socket.perform(.deleteLink(index: try link(named: name, &socket).index))
            return nil
        } catch  where error.errno == ENODEV {
            return nil
        } catch {
            return "; and the tap is left: \(error.portError(attempt: "removing it"))"
        }
    }

    private static func link(
        named name: String, _ socket: inout NetlinkSocket
    ) throws(NetlinkFailure) -> Link {
        guard let link = try Link(try socket.fetch(.link(named: name))) else {
            throw .noAnswer("the kernel answered a question for link \(name) with something else")
        }
        return link
    }

    private static func findBridge(
        _ name: String, _ socket: inout NetlinkSocket, attempt: String
    ) throws(PortError) -> Link {
        guard let link = try Self.find(name, &socket, attempt: attempt) else {
            throw PortError(
                .rejected, .notFound, attempt: attempt,
                detail: "there is no bridge \(name); make it, or set vm.network.bridge to the bridge's name"
                    + " (it is never made by this daemon)")
        }
        guard link.kind == "bridge" else {
            throw PortError(
                .rejected, .invalid, attempt: attempt,
                detail: "interface \(name) is no bridge but \(link.kind ?? "a device without kind");"
                    + " set vm.network.bridge to a bridge's name")
        }
        return link
    }

    private static func foreign(_ link: Link, attempt: String) -> PortError {
        PortError(
            .rejected, .alreadyExists, attempt: attempt,
            detail:
                "an interface \(link.name) exists that is no tap but \(link.kind ?? "a device without kind");"
                + " it was not touched; remove or rename it")
    }

    /// Nil when there is no such interface.
    private static func find(
        _ name: String, _ socket: inout NetlinkSocket, attempt: String
    ) throws(PortError) -> Link? {
        do throws(NetlinkFailure) {
            return try Link(try socket.fetch(.link(named: name)))
        } catch  where error.errno == ENODEV {
            return nil
        } catch {
            throw error.portError(attempt: attempt)
        }
    }
}

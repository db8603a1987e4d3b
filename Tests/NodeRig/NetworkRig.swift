package import FarmModel

/// A node's network for one test: the bridge `qvdnet0` with the node's address, and an uplink (a veth) to a
/// second namespace, where another node of the farm answers. Needs private namespaces; `remove` takes all of
/// it away.
package struct NetworkRig: Sendable {
    package let bridge = "qvdnet0"
    package let addressPlan: AddressPlan
    package let nodeAddress = IPv4Address(bits: 0x0a03_0001)
    package let otherNodeAddress = IPv4Address(bits: 0x0a03_0002)
    /// The bridge's own MAC, and the other node's.
    package let nodeMAC: MACAddress
    package let otherNodeMAC: MACAddress

    /// The port of the bridge, and the other end of the wire.
    package static let uplink = "qvdup0"
    package static let farEnd = "far0"
    package static let otherNamespace = "qvdother"
    private static let namespacePath = "/run/netns/\(otherNamespace)"

    package static func make() async throws -> NetworkRig {
        try PrivateNamespaces.require()
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 16,
            rangeStart: IPv4Address(bits: 0x0a03_0100),
            gateway: IPv4Address(bits: 0x0a03_0001))
        let rig = NetworkRig(
            addressPlan: addressPlan, nodeMAC: MACAddress(bits: 0x0251_5600_0001),
            otherNodeMAC: MACAddress(bits: 0x0251_5600_0002))
        try await rig.clear()  // what a failed test left behind
        try await rig.makeBridge()
        try await RigCommand.run("ip", "netns", "add", otherNamespace)
        try await RigCommand.run(
            "ip", "link", "add", uplink, "type", "veth", "peer", "name", farEnd, "netns", otherNamespace)
        let far = ["ip", "-n", otherNamespace]
        try await RigCommand.run(
            far + [
                "link", "set", farEnd, "address", rig.otherNodeMAC.description, "addrgenmode", "none", "up",
            ])
        try await RigCommand.run(
            far + ["address", "add", "\(rig.otherNodeAddress)/\(addressPlan.prefixLength)", "dev", farEnd])
        try await RigCommand.run(
            "ip", "link", "set", uplink, "master", rig.bridge, "addrgenmode", "none", "up")
        try await rig.waitUntilForwarding(uplink)
        return rig
    }

    package func remove() async throws { try await clear() }

    private func clear() async throws {
        // The link first: a listener that is still open keeps the namespace and its end of the veth.
        for interface in [Self.uplink, bridge] where try await exists(interface) {
            try await RigCommand.run("ip", "link", "del", interface)
        }
        if try await RigCommand.run("ip", "netns", "list").contains(Self.otherNamespace) {
            try await RigCommand.run("ip", "netns", "del", Self.otherNamespace)
        }
    }

    /// The bridge without ports.
    package func makeBridge() async throws {
        try await RigCommand.run(
            "ip", "link", "add", bridge, "address", nodeMAC.description, "type", "bridge", "mcast_snooping",
            "0")
        try await RigCommand.run("ip", "address", "add", "\(nodeAddress)/\(addressPlan.prefixLength)", "dev", bridge)
        try await RigCommand.run("ip", "link", "set", bridge, "addrgenmode", "none", "up")
    }

    package func removeBridge() async throws { try await RigCommand.run("ip", "link", "del", bridge) }

    package func exists(_ interface: String) async throws -> Bool {
        try await RigCommand.run("ip", "-o", "link", "show").split(separator: "\n")
            .contains {
                $0.split(separator: " ").dropFirst().first?.prefix { $0 != ":" && $0 != "@" }
                    == interface[...]
            }
    }

    /// What passes the bridge itself: frames to the node.
    package func listenAtNode() throws -> FrameListener { try FrameListener(bridge) }

    /// What arrives at the other node.
    package func listenAtOtherNode() throws -> FrameListener {
        try FrameListener(Self.farEnd, namespacePath: Self.namespacePath)
    }

    /// Returns when the bridge forwards from this port of it, which it does a moment after the other end is
    /// held.
    package func waitUntilForwarding(_ interface: String) async throws {
        try await waitFor("the bridge to forward from \(interface)", every: .milliseconds(2)) {
            try await RigCommand.run("bridge", "link", "show", "dev", interface).contains("state forwarding")
        }
    }

    /// Static or learned entries of the bridge's forwarding table behind an interface.
    package func addressesBehind(_ interface: String) async throws -> Set<MACAddress> {
        let lines = try await RigCommand.run("bridge", "fdb", "show", "brport", interface).split(
            separator: "\n")
        return Set(
            lines.filter { !$0.contains("permanent") && !$0.contains("self") }
                .compactMap { MACAddress(String($0.prefix { $0 != " " })) })
    }
}

package import FarmModel

/// The VM network. Its addresses are what `qvd init` stores in the farm when its own options do not say; after that
/// the farm's database is the truth.
package struct NetworkKeys: ConfigurationKeyGroup {
    // IFNAMSIZ is 16 with its final zero; the kernel refuses `/`, white space and the names `.` and `..`.
    package let bridge = ConfigurationKey<String>(
        "vm.network.bridge", default: "qvdnet0", "bridge of the VM network; it must exist, it is never created",
        expected: "an interface name of at most 15 characters"
    ) { $0.utf8.count <= 15 && !$0.contains { $0 == "/" || $0.isWhitespace } && $0 != "." && $0 != ".." ? $0 : nil }
    package let rangeStart = ConfigurationKey.optional(
        "vm.network.ip.start", "first VM address; `qvd init` takes it and stores it in the farm",
        expected: "an IPv4 address"
    ) { IPv4Address($0) }
    package let prefixLength = ConfigurationKey.optional(
        "vm.network.netmask", "mask of the VM network, dotted or as a prefix length; see vm.network.ip.start",
        expected: "a dotted mask (255.255.255.0) or a prefix length (24)"
    ) { NodeConfiguration.prefixLength(of: $0) }
    package let gateway = ConfigurationKey.optional(
        "vm.network.gateway", "router that guests are told by DHCP; see vm.network.ip.start",
        expected: "an IPv4 address"
    ) { IPv4Address($0) }
    package let allowsIPv6 = ConfigurationKey.flag(
        "vm.network.allow_ipv6", default: "0",
        "own: whether VMs may speak IPv6, each with its own source address only")
}

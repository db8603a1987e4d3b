package import FarmModel

/// How the node's dnsmasq is run.
package struct DnsmasqConfiguration: Sendable, Hashable {
    package var farm: FarmID
    package var addressPlan: AddressPlan
    /// The interface it answers on.
    package var bridge: String
    /// Absolute; the service makes `hosts`, its lease file, its log and its process id file in it.
    package var folder: String
    /// A path, or a name to look up in PATH.
    package var command: String
    /// Pause before a dnsmasq that ended is started again (the original's 2 s).
    package var restartPause: Duration

    package init(
        farm: FarmID, addressPlan: AddressPlan, bridge: String, folder: String, command: String = "dnsmasq",
        restartPause: Duration = .seconds(2)
    ) {
        self.farm = farm
        self.addressPlan = addressPlan
        self.bridge = bridge
        self.folder = folder
        self.command = command
        self.restartPause = restartPause
    }

    var hostsFolder: String { "\(folder)/hosts" }
    var processIDFile: String { "\(folder)/dnsmasq.pid" }
    var logFile: String { "\(folder)/dnsmasq.log" }

    /// The arguments, none of which is taken from the machine's own configuration. Only static reservations
    /// are served, for ever (a VM's address never changes); there is no DNS. It is not authoritative: a guest
    /// that another node's server knows is left to that server.
    var arguments: [String] {
        var list = [
            "--keep-in-foreground", "--conf-file=/dev/null", "--port=0", "--bind-dynamic",
            "--interface=\(bridge)",
            "--except-interface=lo", "--dhcp-range=\(addressPlan.network),static,\(addressPlan.netmask),infinite",
            "--dhcp-hostsdir=\(hostsFolder)", "--dhcp-leasefile=\(folder)/leases", "--dhcp-lease-max=200000",
            "--no-ping", "--dhcp-no-override", "--log-facility=\(logFile)", "--pid-file=\(processIDFile)",
            // It keeps only what DHCP needs of root's powers.
            "--user=nobody",
        ]
        // Without a gateway the option is sent empty-handed, for dnsmasq would offer itself.
        list.append(addressPlan.gateway.map { "--dhcp-option=option:router,\($0)" } ?? "--dhcp-option=option:router")
        return list
    }
}

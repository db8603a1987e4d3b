package import FarmModel

/// What the router listens on and how long it waits.
package struct RouterKeys: ConfigurationKeyGroup {
    /// `0.0.0.0` for `*`.
    package let address = ConfigurationKey<IPv4Address>(
        "l7r.address", default: "*", "address the router listens on; * is every address",
        expected: "* or an IPv4 address of this machine"
    ) { IPv4Address($0 == "*" ? "0.0.0.0" : $0) }
    package let port = ConfigurationKey.number("l7r.port", default: "8443", "port the router listens on", 1...65_535)
    package let user = ConfigurationKey.text(
        "l7r.as_user", default: "qvd-l7r", "the unprivileged user the router runs as", expected: "the name of a user")
    package let usesTLS = ConfigurationKey.flag(
        "l7r.use_ssl", default: "1", "whether clients speak TLS; 0 only behind something that does")
    package let start = ConfigurationKey.seconds(
        "internal.l7r.timeout.vm_start", default: "270", "seconds a connect waits for a VM to start")
    package let stop = ConfigurationKey.seconds(
        "internal.l7r.timeout.vm_stop", default: "270", "seconds a stop request waits for a VM to stop")
    package let listening = ConfigurationKey.seconds(
        "internal.l7r.timeout.x_start", default: "10", "seconds one X start request to the agent may take")
    package let agentCall = ConfigurationKey.seconds(
        "internal.l7r.timeout.vma", default: "4", "seconds any other request to the agent may take")
    package let takeOver = ConfigurationKey.seconds(
        "internal.l7r.timeout.takeover", default: "30",
        "seconds until a connect takes the place of a session that does not end")
    package let xStartRetriesMax = ConfigurationKey.number(
        "internal.l7r.retry.x_start", default: "20", "how often X start is tried again", 0...1000)
    package let storePoll = ConfigurationKey.seconds(
        "internal.l7r.poll_time.vm", default: "2", "seconds between two looks at a VM that starts")
    package let sessionPoll = ConfigurationKey.seconds(
        "internal.l7r.poll_time.x", default: "1", "seconds between two looks at an X session that starts")
}

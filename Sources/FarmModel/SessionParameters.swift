/// Names of the parameters that travel from client to agent at `x_start`, where the original has a name for them.
package enum SessionParameter {
    /// Everything a client may set begins with one of these.
    package static let clientPrefixes = ["qvd.client.", "custom."]

    package static let keyboard = "qvd.client.keyboard"
    package static let clientSystem = "qvd.client.os"
    package static let link = "qvd.client.link"
    package static let geometry = "qvd.client.geometry"
    package static let isFullscreen = "qvd.client.fullscreen"
    /// 32 hexadecimal digits that both ends of the NX line must show. Ours; original clients send none.
    package static let nxCookie = "qvd.client.nx.cookie"

    /// The user's name inside the VM.
    package static let userName = "qvd.vm.user.name"
    /// The address from which the X session will be carried: the only one nxagent may accept. Ours.
    package static let routerAddress = "qvd.router.address"
    /// What client and agent show each other on the side channel (shares, printing).
    package static let slaveKey = "qvd.slave.key"

    /// Parameters whose value must not be printed.
    package static let secret: Set<String> = [nxCookie, slaveKey, "auth_token"]
}

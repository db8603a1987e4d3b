import Logging
import NodeConfiguration
import OpenSSLSecrets

/// The router's TLS certificate: the operator's, or one of our own making.
enum RouterCertificate {
    /// Makes a self-signed certificate when there is none, with a key that the router may read.
    static func ensure(for configuration: NodeConfiguration, identity: RouterIdentity, log: Logger) async throws {
        guard configuration.router.usesTLS else { return }
        let paths = configuration.paths
        let certificate = SelfSignedCertificate(
            keyPath: paths.routerKey, certificatePath: paths.routerCertificate, hostName: configuration.nodeName,
            owner: (user: UInt32(bitPattern: identity.user), group: UInt32(bitPattern: identity.group)))
        guard try await certificate.ensure() else { return }
        log.notice(
            "made a self-signed certificate; clients ask their user to trust it once",
            metadata: ["certificate": "\(paths.routerCertificate)"])
    }
}

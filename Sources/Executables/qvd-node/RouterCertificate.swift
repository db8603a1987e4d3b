import Glibc
import Logging
import NodeConfiguration
import OpenSSLSecrets

/// The router's TLS certificate: the operator's, or one of our own making.
enum RouterCertificate {
    /// Makes a self-signed certificate when neither file exists, and lets the router's group read the key.
    ///
    /// - Throws: when only one of the two files exists, or they cannot be made.
    static func make(for configuration: NodeConfiguration, readableBy identity: RouterIdentity, log: Logger) throws {
        guard configuration.router.usesTLS else { return }
        let paths = configuration.paths
        let hasKey = access(paths.routerKey, F_OK) == 0
        let hasCertificate = access(paths.routerCertificate, F_OK) == 0
        guard hasKey == hasCertificate else {
            let (there, missing) = hasKey
                ? (paths.routerKey, paths.routerCertificate) : (paths.routerCertificate, paths.routerKey)
            throw CertificateFailure(description: "\(there) exists but \(missing) does not; give both, or remove the"
                + " first to have a self-signed certificate made")
        }
        guard !hasKey else { return }
        try SelfSignedCertificate.make(
            hostName: configuration.nodeName, certificateFile: paths.routerCertificate, keyFile: paths.routerKey)
        guard chown(paths.routerKey, 0, gid_t(bitPattern: identity.extraGroup)) == 0,
            chmod(paths.routerKey, 0o640) == 0
        else { throw SystemFailure(errno, "letting the router read \(paths.routerKey)") }
        log.notice(
            "made a self-signed certificate; clients ask their user to trust it once",
            metadata: ["certificate": "\(paths.routerCertificate)"])
    }
}

struct CertificateFailure: Error, CustomStringConvertible {
    let description: String
}

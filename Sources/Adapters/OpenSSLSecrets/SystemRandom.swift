import COpenSSL
import FarmPorts

/// Bytes of the kernel's generator (getrandom).
package struct SystemRandom: RandomSource {
    package init() {}

    package func bytes(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        let error = copenssl_random(&bytes, count)
        // Linux 3.17 and newer never refuse; going on with zeros for secrets would be worse than ending.
        precondition(error == 0, "the kernel gives no random bytes: errno \(error)")
        return bytes
    }
}

package import FarmPorts
import Glibc

/// Why a request to the kernel failed, before it is put into the caller's words.
package enum NetlinkFailure: Error, Equatable {
    /// The kernel said no: its errno (positive) and its own words, which may be empty.
    case refused(errno: Int32, words: String)
    /// A call of ours failed before anything was sent.
    case notSent(errno: Int32, call: String)
    /// The request was sent; the answer did not come or could not be read.
    case noAnswer(String)

    package var errno: Int32? {
        switch self {
        case .refused(let errno, _), .notSent(let errno, _): errno
        case .noAnswer: nil
        }
    }

    package func portError(attempt: String) -> PortError {
        switch self {
        case .refused(let errno, let words):
            PortError(
                .rejected, Self.reason(errno), attempt: attempt,
                detail: Self.describe(errno) + (words.isEmpty ? "" : ": \(words)") + Self.advice(errno))
        case .notSent(let errno, let call):
            PortError(
                .rejected, Self.reason(errno), attempt: attempt,
                detail: "\(call) failed with \(Self.describe(errno))" + Self.advice(errno))
        case .noAnswer(let detail):
            PortError(.outcomeUnknown, .timedOut, attempt: attempt, detail: detail)
        }
    }

    private static func describe(_ errno: Int32) -> String {
        "errno \(errno) (\(String(cString: strerror(errno))))"
    }

    private static func advice(_ errno: Int32) -> String {
        switch errno {
        case EPERM, EACCES: "; run as root (CAP_NET_ADMIN)"
        case ENOENT: "; is /dev/net/tun there (modprobe tun)?"
        default: ""
        }
    }

    private static func reason(_ errno: Int32) -> PortError.Reason {
        switch errno {
        case EPERM, EACCES: .denied
        case ENODEV, ENOENT, ENXIO: .notFound
        case EEXIST: .alreadyExists
        case EBUSY: .busy
        case ENOMEM, ENOBUFS, EMFILE, ENFILE: .limit
        case EINVAL, EOPNOTSUPP, EAFNOSUPPORT, ENAMETOOLONG: .invalid
        default: .unavailable
        }
    }
}

import Glibc
import NIOCore

/// TCP's own means of noticing a peer that is gone. The names are those of tcp(7).
enum VanishingPeer {
    private static let keepIdle = NIOBSDSocket.Option(rawValue: TCP_KEEPIDLE)
    private static let keepInterval = NIOBSDSocket.Option(rawValue: TCP_KEEPINTVL)
    private static let keepCount = NIOBSDSocket.Option(rawValue: TCP_KEEPCNT)
    private static let userTimeout = NIOBSDSocket.Option(rawValue: TCP_USER_TIMEOUT)

    /// Keepalive probes after a third of `time`, six more until its end, and TCP_USER_TIMEOUT for data that
    /// is not acknowledged. Linux then reports ETIMEDOUT after `time`, on an idle line as on a busy one.
    static func options(
        noticedWithin time: Duration
    ) -> [(ChannelOptions.Types.SocketOption, SocketOptionValue)] {
        let seconds = max(3, Int(time.components.seconds))
        let idle = max(1, seconds / 3)
        let interval = max(1, (seconds - idle) / 6)
        return [
            (.init(level: .socket, name: .so_keepalive), 1),
            (.init(level: .tcp, name: .tcp_nodelay), 1),
            (.init(level: .tcp, name: Self.keepIdle), SocketOptionValue(idle)),
            (.init(level: .tcp, name: Self.keepInterval), SocketOptionValue(interval)),
            (.init(level: .tcp, name: Self.keepCount), 6),
            (.init(level: .tcp, name: Self.userTimeout), SocketOptionValue(seconds * 1000)),
        ]
    }
}

/// What keeps an idle session small: a receive buffer that begins small, and bounded writes.
enum SessionBuffers {
    static let receiveAllocator = AdaptiveRecvByteBufferAllocator(
        minimum: 1024, initial: 2048, maximum: 32_768)
    static let writeMarks = ChannelOptions.Types.WriteBufferWaterMark(low: 16_384, high: 65_536)
    /// One buffer per turn of the loop, so that what is in flight stays bounded and others get their turn.
    static let readsPerTurn: UInt = 1
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}

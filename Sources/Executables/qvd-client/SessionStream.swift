import NIOCore
import NIOPosix
import Synchronization

/// What ended a session, as far as it can be seen from here: the first thing that happened counts.
final class FirstEnd: Sendable {
    enum Cause: Sendable, Equatable {
        /// The server closed the stream.
        case server
        /// nxproxy closed it or ended: the user closed the window.
        case proxy
        /// The picture was taken.
        case pictured
        /// The line broke.
        case failed(String)
    }

    private let first = Mutex<Cause?>(nil)

    func happen(_ cause: Cause) { first.withLock { $0 = $0 ?? cause } }
    var cause: Cause? { first.withLock { $0 } }
}

/// Carries the session's bytes between the server and nxproxy, each at the other's pace.
struct SessionStream: Sendable {
    private let listener: NIOAsyncChannel<NIOAsyncChannel<ByteBuffer, ByteBuffer>, Never>

    /// Listens on a free port of this machine, for one connection.
    static func listen() async throws -> SessionStream {
        do {
            let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .bind(host: "127.0.0.1", port: 0) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try NIOAsyncChannel(
                            wrappingChannelSynchronously: channel,
                            configuration: .init(
                                isOutboundHalfClosureEnabled: true, inboundType: ByteBuffer.self,
                                outboundType: ByteBuffer.self))
                    }
                }
            return SessionStream(listener: listener)
        } catch {
            throw ClientFailure("cannot listen on 127.0.0.1 for nxproxy: \(error)")
        }
    }

    var port: Int { listener.channel.localAddress?.port ?? 0 }

    /// Ends the wait for nxproxy.
    func close() { listener.channel.close(mode: .all, promise: nil) }

    /// Carries the first connection to `connection` and back until either side ends.
    func carry(_ connection: ServerConnection, _ end: FirstEnd) async {
        do {
            try await listener.executeThenClose { proxies in
                for try await proxy in proxies {
                    close()  // One connection is all there is.
                    try await proxy.executeThenClose { inbound, outbound in
                        await Self.splice(connection, inbound, outbound, end)
                    }
                    return
                }
            }
        } catch {
            // Both were closed on purpose, or the end is known already.
            end.happen(.failed("\(error)"))
        }
        end.happen(.proxy)
    }

    private static func splice(
        _ connection: ServerConnection, _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ end: FirstEnd
    ) async {
        let server = connection.outbound
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await carryUp(inbound, to: server, end) }
            await carryDown(connection, to: outbound, end)
            group.cancelAll()
        }
    }

    private static func carryUp(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>, to server: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ end: FirstEnd
    ) async {
        do {
            for try await bytes in inbound {
                do {
                    try await server.write(bytes)
                } catch {
                    return end.happen(.failed("\(error)"))
                }
            }
        } catch {
            // nxproxy was killed: for the server it is the same as its end.
        }
        end.happen(.proxy)
        server.finish()
    }

    /// Runs in the task that owns the connection.
    private static func carryDown(
        _ connection: ServerConnection, to outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>, _ end: FirstEnd
    ) async {
        do {
            while let bytes = try await connection.next() {
                do {
                    try await outbound.write(bytes)
                } catch {
                    return end.happen(.proxy)
                }
            }
            end.happen(.server)
            outbound.finish()
        } catch {
            end.happen(.failed("\(error)"))
        }
    }
}

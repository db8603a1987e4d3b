package import FarmModel
package import FarmPorts
import NIOCore
import NIOPosix

/// Connects to the X agents of guests. What it opens while an exchange is being handled shares that client's
/// event loop, so that the two can be spliced.
package struct NIOGuestLines: GuestLines {
    private let connectTime: Duration
    private let vanishTime: Duration

    /// - Parameters:
    ///   - connectTime: how long a connection may take.
    ///   - vanishTime: silence after which a guest that acknowledges nothing has vanished.
    package init(connectTime: Duration = .seconds(5), vanishTime: Duration = .seconds(45)) {
        self.connectTime = connectTime
        self.vanishTime = vanishTime
    }

    package func open(to address: IPv4Address, port: Int) async throws(PortError) -> any GuestLine {
        let attempt = "connecting to the X session at \(address):\(port)"
        let group: any EventLoopGroup = ClientEventLoop.current ?? MultiThreadedEventLoopGroup.singleton
        var bootstrap = ClientBootstrap(group: group)
            .connectTimeout(TimeAmount(connectTime))
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.recvAllocator, value: SessionBuffers.receiveAllocator)
            .channelOption(.maxMessagesPerRead, value: SessionBuffers.readsPerTurn)
            .channelOption(.writeBufferWaterMark, value: SessionBuffers.writeMarks)
        for (option, value) in VanishingPeer.options(noticedWithin: vanishTime) {
            bootstrap = bootstrap.channelOption(option, value: value)
        }
        do {
            let channel = try await bootstrap.connect(host: address.description, port: port).get()
            return NIOGuestLine(channel: channel)
        } catch let error as ChannelError {
            throw PortError(.unreachable, .timedOut, attempt: attempt, detail: "\(error)")
        } catch {
            throw PortError(.unreachable, .unavailable, attempt: attempt, detail: "\(error)")
        }
    }
}

/// An open connection on which nothing was read or written yet.
package final class NIOGuestLine: GuestLine {
    let channel: any Channel

    init(channel: any Channel) { self.channel = channel }

    package func close() async {
        do {
            try await channel.close()
        } catch {
            // It is closed already, which is what was wanted.
            return
        }
    }

    /// On the event loop: gives the connection to a splice.
    func release(to splice: Splice) throws {
        guard channel.isActive else {
            throw PortError(
                .rejected, .unavailable, attempt: "carrying a session",
                detail: "the guest closed the connection")
        }
        try channel.pipeline.syncOperations.addHandler(SpliceHandler(splice, .guest))
    }
}

/// The event loop of the client whose exchange is being handled by this task and its children.
enum ClientEventLoop {
    @TaskLocal static var current: (any EventLoop)?
}

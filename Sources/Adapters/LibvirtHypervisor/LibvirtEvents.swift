import CLibvirt
import Dispatch
import FarmModel
import FarmPorts
import Foundation
import Synchronization

/// Life-cycle events from one connection of its own, told to every listener; when the connection breaks,
/// listeners learn it, and a thread opens it again with back-off.
final class LibvirtEvents: Sendable {
    private struct State {
        var listeners: [Int: AsyncStream<HypervisorEvent>.Continuation] = [:]
        var nextListener = 0
        var isConnected = false
        var isEnded = false
    }
    private let state = Mutex(State())
    private let wake = DispatchSemaphore(value: 0)
    private let uri: String
    /// Events kept for a listener that does not read; when there are more, it is told that some were lost.
    private static let bufferMax = 4_096
    private static let retryFirst = 0.1, retryMax = 5.0  // seconds

    init(uri: String) {
        self.uri = uri
        let thread = Thread { [self] in run() }
        thread.name = "libvirt-events"
        thread.start()
    }

    /// Begins with the connection's present state.
    func listen() -> AsyncStream<HypervisorEvent> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: HypervisorEvent.self, bufferingPolicy: .bufferingNewest(Self.bufferMax))
        state.withLock { state in
            guard !state.isEnded else { return continuation.finish() }
            let number = state.nextListener
            state.nextListener += 1
            state.listeners[number] = continuation
            continuation.yield(state.isConnected ? .connectionRestored : .connectionLost)
            continuation.onTermination = { [weak self] _ in
                // Not from under the lock: a termination can come from a yield inside it.
                guard let self else { return }
                DispatchQueue.global().async { self.state.withLock { $0.listeners[number] = nil } }
            }
        }
        return stream
    }

    /// Ends all streams, and the thread as soon as it can.
    func end() {
        let listeners = state.withLock { state in
            state.isEnded = true
            defer { state.listeners = [:] }
            return state.listeners
        }
        for listener in listeners.values { listener.finish() }
        wake.signal()
    }

    fileprivate func tell(_ event: HypervisorEvent) {
        state.withLock { state in
            if event == .connectionLost { state.isConnected = false }
            if event == .connectionRestored { state.isConnected = true }
            for listener in state.listeners.values {
                if case .dropped = listener.yield(event) {
                    listener.yield(.connectionLost)
                    listener.yield(.connectionRestored)
                }
            }
        }
    }

    fileprivate func connectionClosed() { wake.signal() }

    // MARK: The thread

    private func run() {
        LibvirtEventLoop.start
        var pause = Self.retryFirst
        while !state.withLock({ $0.isEnded }) {
            guard let connection = open() else {
                _ = wake.wait(timeout: .now() + pause)
                pause = min(pause * 2, Self.retryMax)
                continue
            }
            pause = Self.retryFirst
            tell(.connectionRestored)
            // The close callback signals. Asked every second as well, for a callback that never comes.
            while virConnectIsAlive(connection) == 1 && !state.withLock({ $0.isEnded }) {
                _ = wake.wait(timeout: .now() + 1)
            }
            tell(.connectionLost)
            virConnectUnregisterCloseCallback(connection, closeCallback)
            virConnectClose(connection)
        }
    }

    private func open() -> virConnectPtr? {
        guard let connection = virConnectOpen(uri) else { return nil }
        let lifecycle = Unmanaged.passRetained(self).toOpaque()
        guard
            virConnectSetKeepAlive(
                connection, LibvirtConnection.keepaliveInterval, LibvirtConnection.keepaliveCount) >= 0,
            clibvirt_register_lifecycle(connection, lifecycleCallback, lifecycle, releaseContext) >= 0
        else {
            Unmanaged<LibvirtEvents>.fromOpaque(lifecycle).release()
            virConnectClose(connection)
            return nil
        }
        let closing = Unmanaged.passRetained(self).toOpaque()
        guard virConnectRegisterCloseCallback(connection, closeCallback, closing, releaseContext) == 0 else {
            Unmanaged<LibvirtEvents>.fromOpaque(closing).release()
            virConnectClose(connection)  // releases the other context
            return nil
        }
        return connection
    }
}

private let releaseContext: virFreeCallback = { context in
    if let context { Unmanaged<LibvirtEvents>.fromOpaque(context).release() }
}

private let closeCallback: virConnectCloseFunc = { _, _, context in
    if let context { Unmanaged<LibvirtEvents>.fromOpaque(context).takeUnretainedValue().connectionClosed() }
}

private let lifecycleCallback: virConnectDomainEventCallback = { _, domain, event, detail, context in
    guard let domain, let context, let text = virDomainGetName(domain) else { return 0 }
    let name = DomainName(observed: String(cString: text))
    let events = Unmanaged<LibvirtEvents>.fromOpaque(context).takeUnretainedValue()
    switch virDomainEventType(UInt32(event)) {
    case VIR_DOMAIN_EVENT_STARTED: events.tell(.started(name))
    case VIR_DOMAIN_EVENT_STOPPED: events.tell(.stopped(name, reason(detail)))
    default: break
    }
    return 0
}

private func reason(_ detail: Int32) -> StopReason {
    switch virDomainEventStoppedDetailType(UInt32(detail)) {
    case VIR_DOMAIN_EVENT_STOPPED_SHUTDOWN: .shutdown
    case VIR_DOMAIN_EVENT_STOPPED_CRASHED, VIR_DOMAIN_EVENT_STOPPED_FAILED: .crashed
    default: .destroyed
    }
}

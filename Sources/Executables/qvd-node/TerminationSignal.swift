import CProcess
import Glibc
import Synchronization

/// SIGTERM and SIGINT, as something a task can wait for.
enum TerminationSignal {
    /// Runs the body until it ends or a signal asks for the end; then its task is cancelled and waited for.
    @discardableResult
    static func endsTask<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        let signals = cprocess_signals()
        guard signals >= 0 else { throw SystemFailure(-signals, "preparing for signals") }
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        try startReader(signals) { continuation.yield() }
        return try await withThrowingTaskGroup(of: Value?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                for await _ in stream { break }
                return nil
            }
            var value: Value?
            for try await result in group {
                value = result ?? value
                group.cancelAll()
            }
            guard let value else { throw CancellationError() }
            return value
        }
    }

    private final class Reader: Sendable {
        let descriptor: Int32
        let asked: @Sendable () -> Void
        init(_ descriptor: Int32, _ asked: @escaping @Sendable () -> Void) {
            self.descriptor = descriptor
            self.asked = asked
        }

        func run() {
            var byte: UInt8 = 0
            while true {
                let count = read(descriptor, &byte, 1)
                if count < 0, errno == EINTR { continue }
                guard count == 1 else { return }
                if Int32(byte) == SIGTERM || Int32(byte) == SIGINT { asked() }
            }
        }
    }

    /// A thread of its own: reading blocks, and the cooperative pool must not.
    private static func startReader(_ descriptor: Int32, _ asked: @escaping @Sendable () -> Void) throws {
        let context = Unmanaged.passRetained(Reader(descriptor, asked)).toOpaque()
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<Reader>.fromOpaque(context).takeRetainedValue().run() }
                return nil
            }, context)
        guard code == 0 else { throw SystemFailure(code, "starting the thread that waits for signals") }
        pthread_detach(thread)
    }
}

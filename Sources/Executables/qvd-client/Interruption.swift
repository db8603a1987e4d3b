import Dispatch
import Foundation
import Synchronization

/// Ctrl-C and SIGTERM: ends the work in good order; while something is being typed, at once.
final class Interruption {
    private let sources: [any DispatchSourceSignal]
    private let flag: Flag

    private final class Flag: Sendable {
        private let value = Mutex(false)
        func set() { value.withLock { $0 = true } }
        var isSet: Bool { value.withLock { $0 } }
    }

    init(_ cancel: @escaping @Sendable () -> Void) {
        let flag = Flag()
        self.flag = flag
        sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler {
                if Terminal.isReading {
                    Terminal.restore()
                    exit(ClientFailure.Kind.interrupted.rawValue)
                }
                flag.set()
                cancel()
            }
            source.activate()
            return source
        }
    }

    var happened: Bool { flag.isSet }

    func end() { for source in sources { source.cancel() } }
}

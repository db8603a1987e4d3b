package import Glibc

/// State that belongs to one simulation and is touched by its one thread alone: the thread that made it. An access
/// from any other thread stops the program, because it would be an event the seed does not decide.
package final class Confined<Value>: @unchecked Sendable {
    // Sendable without a lock: every read and write goes through `value`, which checks the thread first.
    @usableFromInline let thread: pthread_t = pthread_self()
    @usableFromInline var stored: Value

    package init(_ value: Value) { stored = value }

    @inlinable package var value: Value {
        _read {
            precondition(pthread_equal(pthread_self(), thread) != 0, "a foreign thread touched simulated state")
            yield stored
        }
        _modify {
            precondition(pthread_equal(pthread_self(), thread) != 0, "a foreign thread touched simulated state")
            yield &stored
        }
    }
}

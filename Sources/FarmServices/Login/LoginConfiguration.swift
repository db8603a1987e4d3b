package import FarmControl
package import FarmPorts
package import Logging

/// What login is told when it starts.
package struct LoginConfiguration: Sendable {
    /// Passwords that are checked at once, because each takes a core and much memory, and how many may wait.
    package var passwordChecksMax = 2
    package var passwordChecksWaitingMax = 512
    /// Grants at once: one for each session and each request under way.
    package var grantsMax = 20_000
    package var limiter = LoginLimiter()

    package init() {}
}

/// The world as login sees it.
package struct LoginPorts: Sendable {
    package var desktops: any Desktops
    package var claims: any SessionClaims
    package var passwords: any PasswordHasher
    package var clock: any FarmClock
    package var random: any RandomSource
    package var log: Logger

    /// - Parameter store: what both views of the store are served by.
    package init(
        store: any Desktops & SessionClaims, passwords: any PasswordHasher, clock: any FarmClock,
        random: any RandomSource, log: Logger
    ) {
        desktops = store
        claims = store
        self.passwords = passwords
        self.clock = clock
        self.random = random
        self.log = log
    }
}

/// A domain that exists, ours or not.
package struct ObservedDomain: Sendable, Hashable {
    package enum State: String, Sendable, Hashable { case running, paused, shutOff, crashed }

    package var name: DomainName
    /// From its metadata; nil when it carries none of ours.
    package var owner: DomainOwner?
    package var state: State

    package init(name: DomainName, owner: DomainOwner?, state: State) {
        self.name = name
        self.owner = owner
        self.state = state
    }

    /// Whether guest instructions may run or memory is held: everything but `shutOff`.
    package var isLive: Bool { state != .shutOff }
}

package enum HypervisorEvent: Sendable, Hashable {
    case started(DomainName)
    case stopped(DomainName, StopReason)
    /// Events may have been lost; observe.
    case connectionLost
    case connectionRestored
}

package enum StopReason: String, Sendable, Hashable, Codable {
    /// The guest powered itself off.
    case shutdown
    /// Somebody destroyed it.
    case destroyed
    /// The guest or the emulator died.
    case crashed
}

package struct HypervisorCapabilities: Sendable, Hashable {
    package var version: String
    package var acceleration: Acceleration
    /// In words: why KVM is not used, when it is not.
    package var accelerationReason: String

    package init(version: String, acceleration: Acceleration, accelerationReason: String) {
        self.version = version
        self.acceleration = acceleration
        self.accelerationReason = accelerationReason
    }
}

package import FarmModel

/// What decisions about a session need to know of a VM.
package struct DesktopFacts: Sendable, Hashable {
    package var isBlocked: Bool
    package var wanted: Intent.Wanted
    package var node: NodeID?
    package var state: VMState
    /// What the node is doing, in words.
    package var detail: String
    package var lastError: String?

    package init(_ vm: VirtualMachine) {
        isBlocked = vm.isBlocked
        wanted = vm.intent.wanted
        node = vm.intent.node
        state = vm.observation.state
        detail = vm.observation.detail
        lastError = vm.observation.lastError
    }

    /// Its agent can be asked for a session.
    package var isReady: Bool { state == .running && wanted == .run }
}

/// The next step of stopping a VM for its user.
package enum StopStep: Sendable, Hashable {
    case done
    case ask
    case wait
    case refuse(RouterAnswer)

    /// - Parameters:
    ///   - desktop: nil when there is none, or it is somebody else's.
    ///   - hasAsked: whether the stop was already asked for.
    package init(for desktop: DesktopFacts?, hasAsked: Bool) {
        guard let desktop else {
            self = hasAsked ? .done : .refuse(.noSuchVM)
            return
        }
        switch (desktop.state, desktop.wanted) {
        case (.stopped, .stop): self = .done
        case (.zombie, _): self = .refuse(.notAvailable("it is in the unstoppable state zombie"))
        case (_, .run): self = hasAsked ? .refuse(.notAvailable("it was started meanwhile")) : .ask
        case (_, .stop): self = .wait
        }
    }
}

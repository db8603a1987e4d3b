package import FarmModel

extension ConnectMachine {
    package enum Phase: String, Sendable, Hashable, CaseIterable {
        case idle, authenticating, admitting, authorizing, claiming, starting, startingSession,
            awaitingSession
        case openingLine, marking, streaming, ended
    }

    /// Who logged in.
    package struct Visitor: Sendable, Hashable {
        package var user: UserID
        package var name: LoginName

        package init(user: UserID, name: LoginName) {
            self.user = user
            self.name = name
        }

        package var actor: Actor { .user(user, name: name) }
    }

    /// How many VMs a node that accepts VMs has.
    package struct NodeLoad: Sendable, Hashable {
        package var node: NodeID
        package var assignedVMs: Int

        package init(node: NodeID, assignedVMs: Int) {
            self.node = node
            self.assignedVMs = assignedVMs
        }
    }

    /// A call on a port that failed.
    package struct Failure: Sendable, Hashable {
        package var text: String
        /// It may succeed if it is tried again.
        package var isTransient: Bool

        package init(_ text: String, isTransient: Bool) {
            self.text = text
            self.isTransient = isTransient
        }
    }

    /// What happened.
    package enum Event: Sendable, Hashable {
        case begin
        case authenticated(Visitor)
        case loginRefused(RouterAnswer)
        case nodeRead(isBlocked: Bool)
        case desktopRead(DesktopFacts?)
        case claimed
        /// Another client has the VM and was asked to give it up.
        case held(by: String, token: SessionToken)
        case candidates([NodeLoad])
        case startRequested
        case sessionStarted
        case guestState(GuestSessionState)
        case lineOpened
        case marked
        /// The session is gone from the store, or another client wants it.
        case markedStale
        case carriageEnded(SessionEnding.Cause)
        case failed(Failure)
        case waited

        /// These can come at any time.
        case clientLeft
        case takenOver
        case routerStops
        case deadlinePassed
    }

    /// What to do: any number of `progress`, then one of the others, whose event comes back.
    package enum Action: Sendable, Hashable {
        case progress(String)

        case authenticate
        case readNode
        case readDesktop
        case claim
        /// Take the place of this session, which was asked to give the VM up and did not.
        case takeOver(SessionToken)
        case readCandidates
        case requestStart(NodeID)
        case startSession
        case readGuestState
        case openLine
        case markConnected
        case carry
        /// Ends at that moment, or before when the store announces a change and that may matter.
        case wait(until: Instant, forStore: Bool)
    }
}

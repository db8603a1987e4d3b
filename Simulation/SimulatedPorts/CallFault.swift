package import FarmModel

/// What goes wrong with the calls of a node's processes while it lasts.
package enum CallFault: Sendable, Hashable {
    /// They take up to this many nanoseconds more.
    case slow(PortName, nanoseconds: Int64)
    /// They fail in this way, this many in 1,000.
    case failing(PortName, FailureMode, perMille: Int)
    /// They give no answer; those about one VM only, when one is named. Whether they took effect is open.
    case hanging(PortName, vm: VMID?)
    /// What is told to the processes without their asking fares so, this many in 1,000.
    case events(EventFate, perMille: Int)
}

/// What becomes of an event of the hypervisor, or of the store's notices that something changed; the raw value is the
/// word in scenario files.
package enum EventFate: String, Sendable, Hashable, CaseIterable {
    case lost = "events-lost"
    /// They come twice.
    case doubled = "events-doubled"
    /// They come up to 30 s later, in another order.
    case late = "events-late"
    case noticesLost = "notices-lost"
    /// They come up to 30 s later.
    case noticesLate = "notices-late"

    var isOfNotices: Bool { self == .noticesLost || self == .noticesLate }
}

/// The ways a call fails, by what became of its effect.
package enum FailureMode: String, Sendable, Hashable, CaseIterable {
    /// The other side said no: nothing happened.
    case rejected
    /// Nothing was sent.
    case unreachable
    /// It happened, and the answer was lost.
    case lostAnswer
    /// It did not happen, and the caller cannot know.
    case lostRequest
    /// The caller is told "unknown", and it happens up to 10 s later. On ports whose calls are over when they return
    /// (all but `hypervisor`, `agent` and `store`) it happened, or it did not.
    case late
    /// It happens, the caller is told, and it happens once more up to 10 s later, as a message that was sent again; on
    /// ports whose calls are over when they return, at once.
    case twice
    /// A part of it happened, and the caller cannot know: a tap that is not on the bridge, rules in one of two tables.
    case half
    /// It happened, and the answer was cut off.
    case truncated

    /// The ways in which calls of a port can fail. Calls that are one system call have no half.
    package static func modes(of port: PortName) -> [FailureMode] {
        let everywhere: [FailureMode] = [.rejected, .unreachable, .lostAnswer, .lostRequest, .late, .twice]
        switch port {
        case .network, .filter: return everywhere + [.half]
        case .agent: return everywhere + [.truncated]
        case .hypervisor, .addresses, .disks, .secrets, .store, .guestConnections, .hasher: return everywhere
        }
    }
}

extension CallFault: SpokenFault {
    static let slowWord = "slow"
    static let failingWord = "failing"
    static let hangingWord = "hanging"

    package static let words: [(word: String, takes: [FaultParameter])] =
        [
            (slowWord, [.port, .by]), (failingWord, [.port, .mode, .perMille]), (hangingWord, [.port, .vm]),
        ] + EventFate.allCases.map { ($0.rawValue, [.perMille]) }

    package var word: String {
        switch self {
        case .slow: Self.slowWord
        case .failing: Self.failingWord
        case .hanging: Self.hangingWord
        case .events(let fate, _): fate.rawValue
        }
    }

    package var values: FaultValues {
        switch self {
        case .slow(let port, let by):
            FaultValues {
                $0.port = port
                $0.by = by
            }
        case .failing(let port, let mode, let perMille):
            FaultValues {
                $0.port = port
                $0.mode = mode
                $0.perMille = perMille
            }
        case .hanging(let port, let vm):
            FaultValues {
                $0.port = port
                $0.vm = vm
            }
        case .events(_, let perMille): FaultValues { $0.perMille = perMille }
        }
    }

    package var text: String {
        switch self {
        case .slow(let port, let by): "\(word) \(port.text) by \(Instant(nanoseconds: by)) s"
        case .failing(let port, let mode, let perMille): "\(word) \(port.text) \(mode.rawValue) \(perMille) in 1000"
        case .hanging(let port, let vm): "\(word) \(port.text)" + (vm.map { " about VM \($0)" } ?? "")
        case .events(_, let perMille): "\(word) \(perMille) in 1000"
        }
    }

    package init?(_ word: String, _ values: FaultValues) {
        if let fate = EventFate(rawValue: word), let perMille = values.perMille {
            self = .events(fate, perMille: perMille)
            return
        }
        guard let port = values.port else { return nil }
        switch (word, values.by, values.mode) {
        case (Self.slowWord, let by?, _): self = .slow(port, nanoseconds: by)
        case (Self.failingWord, _, let mode?): self = .failing(port, mode, perMille: values.perMille ?? 1000)
        case (Self.hangingWord, _, _): self = .hanging(port, vm: values.vm)
        default: return nil
        }
    }

    /// The port whose calls it meets; nil when it meets events.
    package var port: PortName? { values.port }
}

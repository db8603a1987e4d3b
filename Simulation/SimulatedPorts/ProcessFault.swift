/// What befalls a process of a node.
package enum ProcessFault: Sendable, Hashable {
    /// kill -9; it starts again when the fault ends. With `afterCalls`, at that step after the moment (each port call
    /// is two steps: before its effect and after it).
    case kill(ProcessKind, afterCalls: Int?)
    /// SIGTERM; it starts again when the fault ends, or has ended by then and a second more.
    case terminate(ProcessKind)
    /// The process gets no processor while it lasts, then goes on.
    case freeze(ProcessKind)
    /// HKD is told to fence its node: it ends all VMs and then itself; it starts again when the fault ends, or a second
    /// after it has ended.
    case fence
}

/// The processes of a node that can be killed.
package enum ProcessKind: UInt8, Sendable, Hashable, CaseIterable {
    case houseKeeper, router

    /// The name in scenario files.
    package var text: String { self == .houseKeeper ? "hkd" : "l7r" }
}

extension ProcessFault: SpokenFault {
    private static let killWord = "kill"
    private static let terminateWord = "terminate"
    private static let freezeWord = "freeze"
    private static let fenceWord = "fence"

    package static let words: [(word: String, takes: [FaultParameter])] = [
        (killWord, [.process, .afterSteps]), (terminateWord, [.process]), (freezeWord, [.process]),
        (fenceWord, []),
    ]

    package var word: String {
        switch self {
        case .kill: Self.killWord
        case .terminate: Self.terminateWord
        case .freeze: Self.freezeWord
        case .fence: Self.fenceWord
        }
    }

    package var values: FaultValues {
        switch self {
        case .kill(let process, let steps):
            FaultValues {
                $0.process = process
                $0.afterSteps = steps
            }
        case .terminate(let process), .freeze(let process): FaultValues { $0.process = process }
        case .fence: FaultValues()
        }
    }

    package var text: String {
        switch self {
        case .kill(let process, let steps?): "\(word) \(process.text) after \(steps) steps"
        case .kill(let process, nil), .terminate(let process), .freeze(let process): "\(word) \(process.text)"
        case .fence: word
        }
    }

    package init?(_ word: String, _ values: FaultValues) {
        switch (word, values.process) {
        case (Self.killWord, let process?): self = .kill(process, afterCalls: values.afterSteps)
        case (Self.terminateWord, let process?): self = .terminate(process)
        case (Self.freezeWord, let process?): self = .freeze(process)
        case (Self.fenceWord, nil): self = .fence
        default: return nil
        }
    }
}

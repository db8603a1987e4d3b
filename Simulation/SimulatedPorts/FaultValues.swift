package import FarmModel

/// What goes with the word of a fault in a scenario file, apart from when, how long and where.
package enum FaultParameter: String, Sendable, Hashable, CaseIterable {
    case port, by, mode, perMille = "per-mille", process, afterSteps = "after-steps", vm, file

    /// Whether a word that takes it can do without.
    package func isOptional(for word: String) -> Bool {
        switch (self, word) {
        case (.vm, CallFault.hangingWord), (.perMille, CallFault.failingWord), (.afterSteps, _): true
        default: false
        }
    }
}

/// The values of a fault's parameters, as far as it has them.
package struct FaultValues: Sendable, Hashable {
    package var port: PortName?
    /// Nanoseconds.
    package var by: Int64?
    package var mode: FailureMode?
    package var perMille: Int?
    package var process: ProcessKind?
    package var afterSteps: Int?
    package var vm: VMID?
    package var file: String?

    package init() {}

    init(_ set: (inout FaultValues) -> Void) { set(&self) }
}

/// A kind of fault as scenario files and reports say it.
package protocol SpokenFault: Sendable, Hashable {
    /// Every word of the kind, with what it takes, in the order in which it is written.
    static var words: [(word: String, takes: [FaultParameter])] { get }
    var word: String { get }
    var values: FaultValues { get }
    /// For reports.
    var text: String { get }
    /// Nil when the word is none of this kind's.
    init?(_ word: String, _ values: FaultValues)
}

package import FarmModel

/// Everything that goes wrong in a run, as data made before the run: it can be printed, written by hand, and shrunk.
package struct FaultPlan: Sendable, Hashable {
    package var faults: [Fault]

    package init(_ faults: [Fault] = []) { self.faults = faults }
}

/// One thing that goes wrong.
package struct Fault: Sendable, Hashable {
    /// Whom it befalls. Each kind of fault stands in its own file, with its words.
    package enum Kind: Sendable, Hashable {
        case call(CallFault)
        case node(NodeFault)
        case process(ProcessFault)
    }

    /// When, in nanoseconds from the start.
    package var at: Int64
    /// How long; 0 for what has no end.
    package var lasts: Int64
    package var node: NodeID
    package var kind: Kind
    /// Which calls of the port a fault of calls meets; all of them when it says nothing.
    package var aim: FaultAim

    package init(at: Int64, lasts: Int64 = 0, node: NodeID = NodeID(1), aim: FaultAim = FaultAim(), _ kind: Kind) {
        self.at = at
        self.lasts = lasts
        self.node = node
        self.kind = kind
        self.aim = aim
    }

    package init(
        at: Int64, lasts: Int64 = 0, node: NodeID = NodeID(1), aim: FaultAim = FaultAim(), _ call: CallFault
    ) {
        self.init(at: at, lasts: lasts, node: node, aim: aim, .call(call))
    }

    package init(at: Int64, lasts: Int64 = 0, node: NodeID = NodeID(1), _ befalling: NodeFault) {
        self.init(at: at, lasts: lasts, node: node, .node(befalling))
    }

    package init(at: Int64, lasts: Int64 = 0, node: NodeID = NodeID(1), _ process: ProcessFault) {
        self.init(at: at, lasts: lasts, node: node, .process(process))
    }
}

extension Fault: CustomStringConvertible {
    package var description: String { "at \(Instant(nanoseconds: at)) s for \(Instant(nanoseconds: lasts)) s: \(text)" }

    /// What goes wrong, for reports.
    package var text: String { kind.text + aim.text }
}

extension Fault.Kind {
    /// The word in scenario files.
    package var word: String { spoken.word }
    /// What goes with it there.
    package var values: FaultValues { spoken.values }
    package var text: String { spoken.text }

    private var spoken: any SpokenFault {
        switch self {
        case .call(let call): call
        case .node(let node): node
        case .process(let process): process
        }
    }

    /// Every word, with what it takes.
    package static let words = CallFault.words + NodeFault.words + ProcessFault.words

    /// - Parameter values: as many as `words` says that this word takes.
    package init?(_ word: String, _ values: FaultValues) {
        if let call = CallFault(word, values) {
            self = .call(call)
        } else if let node = NodeFault(word, values) {
            self = .node(node)
        } else if let process = ProcessFault(word, values) {
            self = .process(process)
        } else {
            return nil
        }
    }
}

/// Narrows a fault of calls down: to one call, to what is about one VM, to the first so many of them.
package struct FaultAim: Sendable, Hashable {
    package var call: PortOperation?
    package var vm: VMID?
    /// So many calls are met, then no more.
    package var first: Int?

    package init(call: PortOperation? = nil, vm: VMID? = nil, first: Int? = nil) {
        self.call = call
        self.vm = vm
        self.first = first
    }

    func meets(_ operation: PortOperation, vm subject: Int64) -> Bool {
        (call == nil || call == operation) && (vm == nil || vm?.rawValue == subject)
    }

    /// To follow the fault's own words.
    var text: String {
        (call.map { " of \($0.text)" } ?? "") + (vm.map { " of VM \($0)" } ?? "")
            + (first.map { ", the first \($0)" } ?? "")
    }
}

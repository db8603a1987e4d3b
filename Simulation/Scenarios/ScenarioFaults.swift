import FarmModel
import SimulatedPorts

/// Reads and writes the faults of a scenario. Their words stand beside the faults (`SpokenFault`).
enum ScenarioFaults {
    private static let times = ["at", "for", "fault"]
    private static let aims = ["call", "vm", "first"]
    static let keys = times + ["on"] + aims + FaultParameter.allCases.map(\.rawValue).filter { $0 != "vm" }

    // MARK: Reading

    static func read(_ node: YAMLPosition, _ limits: ScenarioLimits) throws(ScenarioError) -> Fault {
        let fields = try node.fields(keys)
        let at = try limits.moment(try fields.required("at"))
        let lasts = try fields["for"]?.time() ?? 0
        let (word, takes) = try fields.required("fault").choice(Fault.Kind.words.map { ($0.word, $0) })
        let isAimed = takes.contains(.port)
        let places = limits.nodes > 1 ? ["on"] : []
        try fields.refuse(except: times + places + takes.map(\.rawValue) + (isAimed ? aims : []), of: word)
        let values = try values(takes, of: word, fields, limits)
        guard let kind = Fault.Kind(word, values) else { throw node.error("\(word) cannot be made of this") }
        let place = try limits.place(fields["on"])
        return Fault(
            at: at, lasts: lasts, node: NodeID(Int64(place)),
            aim: isAimed ? try aim(takes, values.port, fields, limits) : FaultAim(), kind)
    }

    private static func values(
        _ takes: [FaultParameter], of word: String, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> FaultValues {
        var values = FaultValues()
        for parameter in takes {
            if fields[parameter.rawValue] == nil, parameter.isOptional(for: word) { continue }
            let node = try fields.required(parameter.rawValue)
            switch parameter {
            case .port: values.port = try node.choice(PortName.allCases.map { ($0.text, $0) })
            case .by: values.by = try node.time()
            case .mode: values.mode = try node.choice(FailureMode.allCases.map { ($0.rawValue, $0) })
            case .perMille: values.perMille = try node.number(1...1000)
            case .process: values.process = try node.choice(ProcessKind.allCases.map { ($0.text, $0) })
            case .afterSteps: values.afterSteps = try node.number(0...1_000_000)
            case .vm: values.vm = VMID(Int64(try limits.vm(node)))
            case .file: values.file = try node.text("a file name")
            }
        }
        return values
    }

    /// - Parameter takes: a VM that is part of the fault itself is no part of its aim.
    private static func aim(
        _ takes: [FaultParameter], _ port: PortName?, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> FaultAim {
        var aim = FaultAim()
        if !takes.contains(.vm) {
            aim.vm = try fields["vm"].map { (node) throws(ScenarioError) in VMID(Int64(try limits.vm(node))) }
        }
        aim.first = try fields["first"].map { (node) throws(ScenarioError) in try node.number(1...1_000_000) }
        let calls = PortOperation.allCases.filter { $0.port == port }.map { ($0.text, $0) }
        aim.call = try fields["call"].map { (node) throws(ScenarioError) in try node.choice(calls) }
        return aim
    }

    // MARK: Writing

    static func write(_ fault: Fault) -> String {
        var parts = ["at: \(ScenarioTime.text(fault.at))"]
        if fault.lasts > 0 { parts.append("for: \(ScenarioTime.text(fault.lasts))") }
        parts.append("fault: \(fault.kind.word)")
        let takes = Fault.Kind.words.first { $0.word == fault.kind.word }?.takes ?? []
        for parameter in takes {
            if let text = text(parameter, fault.kind.values) { parts.append("\(parameter.rawValue): \(text)") }
        }
        if let call = fault.aim.call { parts.append("call: \(call.text)") }
        if let vm = fault.aim.vm { parts.append("vm: \(vm)") }
        if let first = fault.aim.first { parts.append("first: \(first)") }
        if fault.node != NodeID(1) { parts.append("on: \(fault.node)") }
        return parts.joined(separator: ", ")
    }

    private static func text(_ parameter: FaultParameter, _ values: FaultValues) -> String? {
        switch parameter {
        case .port: values.port?.text
        case .by: values.by.map(ScenarioTime.text)
        case .mode: values.mode?.rawValue
        case .perMille: values.perMille.map { "\($0)" }
        case .process: values.process?.text
        case .afterSteps: values.afterSteps.map { "\($0)" }
        case .vm: values.vm.map { "\($0)" }
        case .file: values.file.map(ScenarioText.quoted)
        }
    }
}

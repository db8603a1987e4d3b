import FarmModel
import SimulatedPorts

/// Reads the faults of a scenario.
enum ScenarioFaults {
    static let keys = [
        "at", "for", "fault", "port", "call", "by", "mode", "per-mille", "first", "vm", "process", "after-steps",
        "file",
    ]

    /// What each kind takes besides `at`, `for` and `fault`.
    private static let parameters: [(String, [String])] = [
        ("slow", ["port", "by", "call", "vm", "first"]),
        ("failing", ["port", "mode", "per-mille", "call", "vm", "first"]),
        ("hanging", ["port", "vm", "call", "first"]),
        ("events-lost", ["per-mille"]), ("events-doubled", ["per-mille"]), ("disk-full", []),
        ("image-missing", ["file"]), ("image-corrupt", ["file"]), ("agent-silent", ["vm"]), ("domain-dies", ["vm"]),
        ("guest-hangs", ["vm"]), ("emulator-freezes", ["vm"]), ("guest-never-boots", ["vm"]), ("session-ends", ["vm"]),
        ("guest-powers-off", ["vm"]),
        ("guest-turns-hostile", ["vm"]), ("dhcp-dies", []), ("filter-flushed", ["vm"]), ("tap-deleted", ["vm"]),
        ("kill", ["process", "after-steps"]), ("terminate", ["process"]), ("freeze", ["process"]),
    ]

    /// The kind's word in scenario files.
    static func word(_ kind: Fault.Kind) -> String {
        let text = Fault(at: 0, kind).text
        return String(text.prefix { $0 != " " })
    }

    static func read(_ node: ScenarioNode, _ limits: ScenarioLimits) throws(ScenarioError) -> Fault {
        let fields = try node.fields(keys)
        let at = try limits.moment(try fields.required("at"))
        let lasts = try fields["for"]?.time() ?? 0
        let (word, allowed) = try fields.required("fault").choice(parameters.map { ($0.0, ($0.0, $0.1)) })
        try fields.refuse(except: ["at", "for", "fault"] + allowed, of: word)
        let kind = try kind(word, fields, limits)
        return Fault(at: at, lasts: lasts, aim: try aim(kind, fields, limits), kind)
    }

    private static func aim(
        _ kind: Fault.Kind, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> FaultAim {
        let port: PortName
        var aim = FaultAim()
        switch kind {
        case .slow(let slow, _): port = slow
        case .failing(let failing, _, _): port = failing
        case .hanging(let hanging, _): port = hanging
        default: return aim
        }
        // Which VM a call hangs for is part of the fault itself.
        let isHanging = if case .hanging = kind { true } else { false }
        if !isHanging {
            aim.vm = try fields["vm"].map { (node) throws(ScenarioError) in VMID(Int64(try limits.vm(node))) }
        }
        aim.first = try fields["first"].map { (node) throws(ScenarioError) in try node.number(1...1_000_000) }
        let calls = PortOperation.allCases.filter { $0.port == port }.map { ($0.text, $0) }
        aim.call = try fields["call"].map { (node) throws(ScenarioError) in try node.choice(calls) }
        return aim
    }

    private static func kind(
        _ word: String, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> Fault.Kind {
        switch word {
        case "slow": return .slow(try port(fields), nanoseconds: try fields.required("by").time())
        case "failing":
            let mode = try fields.required("mode").choice(FailureMode.allCases.map { ($0.rawValue, $0) })
            let perMille = fields["per-mille"] == nil ? 1000 : try perMille(fields)
            return .failing(try port(fields), mode, perMille: perMille)
        case "hanging":
            let only = try fields["vm"].map { (node) throws(ScenarioError) in try limits.vm(node) }
            return .hanging(try port(fields), vm: only.map { VMID(Int64($0)) })
        case "events-lost": return .eventsLost(perMille: try perMille(fields))
        case "events-doubled": return .eventsDoubled(perMille: try perMille(fields))
        case "disk-full": return .diskFull
        case "image-missing": return .imageMissing(try fields.required("file").text("a file name"))
        case "image-corrupt": return .imageCorrupt(try fields.required("file").text("a file name"))
        case "dhcp-dies": return .addressServiceDies
        case "kill":
            let steps = try fields["after-steps"].map { (node) throws(ScenarioError) in try node.number(0...1_000_000) }
            return .kill(try process(fields), afterCalls: steps)
        case "terminate": return .terminate(try process(fields))
        case "freeze": return .freeze(try process(fields))
        default: return try kindOfVM(word, VMID(Int64(try limits.vm(try fields.required("vm")))))
        }
    }

    private static func kindOfVM(_ word: String, _ vm: VMID) throws(ScenarioError) -> Fault.Kind {
        switch word {
        case "agent-silent": .agentSilent(vm)
        case "domain-dies": .domainDies(vm)
        case "guest-hangs": .guestHangs(vm)
        case "emulator-freezes": .emulatorFreezes(vm)
        case "guest-never-boots": .guestNeverBoots(vm)
        case "session-ends": .sessionEnds(vm)
        case "guest-powers-off": .guestPowersOff(vm)
        case "guest-turns-hostile": .guestTurnsHostile(vm)
        case "filter-flushed": .filterFlushed(vm)
        default: .tapDeleted(vm)
        }
    }

    private static func port(_ fields: ScenarioFields) throws(ScenarioError) -> PortName {
        try fields.required("port").choice(PortName.allCases.map { ($0.text, $0) })
    }

    private static func process(_ fields: ScenarioFields) throws(ScenarioError) -> ProcessKind {
        try fields.required("process").choice(ProcessKind.allCases.map { ($0.text, $0) })
    }

    private static func perMille(_ fields: ScenarioFields) throws(ScenarioError) -> Int {
        try fields.required("per-mille").number(1...1000)
    }
}

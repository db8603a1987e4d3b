import FarmModel

/// Reads what a scenario expects.
enum ScenarioExpectations {
    static let keys = [
        "at", "by", "never", "vm", "user", "is", "error", "answered", "domains", "node", "on", "user-disk",
    ]

    static func read(_ node: YAMLPosition, _ limits: ScenarioLimits) throws(ScenarioError) -> Expectation {
        let fields = try node.fields(keys)
        let place = "\(node.file):\(node.line)"
        return Expectation(try time(node, fields, limits), try fact(node, fields, limits), place: place)
    }

    private static func time(
        _ node: YAMLPosition, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> Expectation.Time {
        let given = ["at", "by", "never"].filter { fields[$0] != nil }
        guard given.count == 1 else { throw node.error("expected one of the keys at, by and never here") }
        if let at = fields["at"] { return .at(try limits.moment(at)) }
        if let by = fields["by"] { return .by(try limits.moment(by)) }
        guard try fields.required("never").flag() else {
            throw try fields.required("never").error("expected never: true")
        }
        return .never
    }

    private static func fact(
        _ node: YAMLPosition, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> Expectation.Fact {
        let times = ["at", "by", "never"]
        if let number = fields["vm"] {
            let vm = try limits.vm(number)
            try fields.refuse(except: times + ["vm", "is", "error"], of: "a VM")
            if let part = fields["error"] { return .error(vm: vm, try part.text("a part of the error")) }
            return .vm(vm, try fields.required("is").choice(VMState.allCases.map { ($0.rawValue, $0) }))
        }
        if let number = fields["user"] {
            let user = try limits.user(number)
            try fields.refuse(except: times + ["user", "is", "answered"], of: "a user")
            if let status = fields["answered"] { return .answered(user: user, status: try status.number(100...599)) }
            let isConnected = try fields.required("is").choice([("connected", true), ("disconnected", false)])
            return isConnected ? .connected(user: user) : .disconnected(user: user)
        }
        if let count = fields["domains"] {
            try fields.refuse(except: times + ["domains"], of: "domains")
            return .domains(try count.number(0...60_000))
        }
        if let state = fields["node"] {
            try fields.refuse(except: times + ["node", "on"], of: "the node")
            return .node(try limits.place(fields["on"]), try state.choice(NodeState.allCases.map { ($0.rawValue, $0) }))
        }
        if let number = fields["user-disk"] {
            try fields.refuse(except: times + ["user-disk", "is"], of: "a user disk")
            let isKept = try fields.required("is").choice([("kept", true), ("deleted", false)])
            return .userDisk(vm: try limits.vm(number), isKept: isKept)
        }
        throw node.error("expected one of the keys vm, user, domains, node and user-disk here")
    }
}

import FarmModel

/// Reads the steps of a scenario: what users and administrators do.
enum ScenarioSteps {
    static let keys = [
        "at", "user", "administrator", "does", "vm", "stays", "tag", "file", "name", "on", "memory", "cpus",
    ]

    private static let addVM = "add-vm"

    /// What each thing that an administrator does takes besides `at` and `administrator`.
    private static let administratorParameters: [(String, [String])] = [
        ("start", ["vm", "on"]), ("stop", ["vm"]), ("block", ["vm"]), ("unblock", ["vm"]), ("delete", ["vm"]),
        ("delete-with-disk", ["vm"]), ("delete-disk", ["vm"]),
        ("tag", ["vm", "tag"]), ("add-image", ["file"]), (addVM, ["user", "name"]), ("block-user", ["user"]),
        ("unblock-user", ["user"]), ("block-node", ["on"]), ("unblock-node", ["on"]),
        ("drain", ["on"]), ("resume", ["on"]),
        ("set-capacity", ["on", "memory", "cpus"]),
    ]

    /// Whether the step adds a VM, so that later steps may speak of one more.
    static func addsVM(_ node: YAMLPosition) throws(ScenarioError) -> Bool {
        guard let what = try node.fields(keys)["administrator"] else { return false }
        return try what.text("what an administrator does") == addVM
    }

    static func read(_ node: YAMLPosition, _ limits: ScenarioLimits) throws(ScenarioError) -> Step {
        let fields = try node.fields(keys)
        let at = try limits.moment(try fields.required("at"))
        if let what = fields["administrator"] {
            return Step(at: at, .administer(try administratorAction(what, fields, limits)))
        }
        guard let who = fields["user"] else { throw node.error("expected the key user or administrator here") }
        return Step(at: at, try action(of: try limits.user(who), fields, limits))
    }

    private static func action(
        of user: Int, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> Step.Action {
        let does = try fields.required("does")
        let word = try does.choice(
            ["connect", "connect-with-wrong-password", "list", "disconnect", "vanish", "stop-vm"].map { ($0, $0) })
        let takesVM = ["connect", "connect-with-wrong-password", "stop-vm"].contains(word)
        var allowed = ["at", "user", "does"]
        if takesVM { allowed.append("vm") }
        if word == "connect" { allowed.append("stays") }
        try fields.refuse(except: allowed, of: word)
        let vm = takesVM ? try limits.vm(try fields.required("vm")) : 0
        switch word {
        case "connect": return .connect(user: user, vm: vm, stays: try fields["stays"]?.time())
        case "connect-with-wrong-password": return .connectWithWrongPassword(user: user, vm: vm)
        case "list": return .list(user: user)
        case "disconnect": return .disconnect(user: user)
        case "vanish": return .vanish(user: user)
        default: return .stopVM(user: user, vm: vm)
        }
    }

    private static func administratorAction(
        _ what: YAMLPosition, _ fields: ScenarioFields, _ limits: ScenarioLimits
    ) throws(ScenarioError) -> AdministratorAction {
        let (word, takes) = try what.choice(administratorParameters.map { ($0.0, ($0.0, $0.1)) })
        try fields.refuse(except: ["at", "administrator"] + takes, of: word)
        let vm = takes.contains("vm") ? try limits.vm(try fields.required("vm")) : 0
        let user = takes.contains("user") ? try limits.user(try fields.required("user")) : 0
        switch word {
        case "start":
            guard let place = fields["on"] else { return .start(vm: vm) }
            return .start(vm: vm, on: try limits.node(place))
        case "stop": return .stop(vm: vm)
        case "block": return .block(vm: vm)
        case "unblock": return .unblock(vm: vm)
        case "delete": return .delete(vm: vm)
        case "delete-with-disk": return .deleteWithDisk(vm: vm)
        case "delete-disk": return .deleteDisk(vm: vm)
        case "tag": return .tag(vm: vm, try fields.required("tag").text("a tag"))
        case "add-image": return .addImage(file: try fields.required("file").text("a file name"))
        case addVM: return .addVM(name: try fields.required("name").text("the VM's name"), user: user)
        case "block-user": return .blockUser(user)
        case "unblock-user": return .unblockUser(user)
        case "block-node": return .blockNode(try limits.place(fields["on"]))
        case "drain": return .drain(try limits.place(fields["on"]))
        case "resume": return .resume(try limits.place(fields["on"]))
        case "unblock-node": return .unblockNode(try limits.place(fields["on"]))
        default:
            return .setCapacity(node: try limits.place(fields["on"]), try capacity(fields["memory"], fields["cpus"]))
        }
    }

    /// What is left out has no limit.
    static func capacity(_ memory: YAMLPosition?, _ cpus: YAMLPosition?) throws(ScenarioError) -> NodeCapacity {
        var capacity = NodeCapacity.unlimited
        if let memory { capacity.memory = Mebibytes(try memory.number(1...1 << 24)) }
        if let cpus { capacity.cpus = try cpus.number(1...1_000_000) }
        return capacity
    }
}

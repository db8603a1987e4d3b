import FarmControl
import FarmModel

extension AdministrationRefusal {
    /// The message and what helps, as commands of this program.
    var commandText: String { message.with(remedies) }
}

extension Reason {
    /// What is so and what helps, as commands of this program.
    var commandText: String { words.with(remedies) + "." }
}

extension String {
    fileprivate func with(_ remedies: [Remedy]) -> String {
        var said: [String] = []
        // Three nodes that are stopped need no three sentences.
        for text in remedies.map(\.commandText) where !said.contains(text) { said.append(text) }
        return said.isEmpty ? self : "\(self); \(said.joined(separator: ", or "))"
    }
}

extension Remedy {
    /// As a command of this program. The only place where a remedy becomes one.
    fileprivate var commandText: String {
        switch self {
        case .list(let noun): "`qvd \(noun.commandName) list` shows them"
        case .listProperties: "`qvd property list` shows them"
        case .listConfiguration: "`qvd config list` shows them"
        case .unblock(.vm(let id)): "`qvd vm unblock \(id)` allows it to start"
        case .unblock(let object): "`qvd \(object.noun.commandName) unblock \(object.number)`"
        case .resume(let node): "`qvd node resume \(node)`"
        case .block(let node): "`qvd node block \(node)` first if it is gone for ever"
        case .startNode: "start qvd-node there"
        case .stopNode: "stop qvd-node there"
        case .start(let vm): "`qvd vm start \(vm)` starts it now"
        case .stop(let vms):
            "stop \(vms.count == 1 ? "it" : "them") with `qvd vm stop \(Self.text(vms.map(\.rawValue)))` and wait"
                + " until `qvd vm list` shows \(vms.count == 1 ? "it" : "them") as stopped"
        case .delete(let objects):
            "delete \(objects.count == 1 ? "it" : "them") first with"
                + " `qvd \(objects.first?.noun.commandName ?? "") delete \(Self.text(objects.map(\.number)))`"
        case .moveTag(let tag, _): "move the tag with `qvd di tag IMAGE \(tag)` to another image"
        case .retag(let vms):
            "give \(vms.count == 1 ? "it" : "them") another tag with `qvd vm set VM --tag TAG`"
        case .choose(let objects): "say which: \(objects.map { "id:\($0.number)" }.joined(separator: ", "))"
        case .addNode: "add one with `qvd node add`"
        case .makeRoom: "stop VMs, or raise what a node may give with `qvd node set`"
        case .askAdministrator: "ask an administrator who may"
        }
    }

    /// The first of these numbers; with hundreds of them a line would say nothing.
    private static func text(_ numbers: [Int64]) -> String {
        numbers.prefix(5).map(String.init).joined(separator: " ") + (numbers.count > 5 ? " ..." : "")
    }
}

extension FarmNoun {
    /// As the command line calls it.
    var commandName: String {
        switch self {
        case .image: "di"
        case .tenant, .user, .osf, .node, .vm: rawValue
        }
    }
}

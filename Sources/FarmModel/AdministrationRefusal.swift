/// Why a command was refused, or an object not found. Nothing was changed.
package struct AdministrationRefusal: Error, Sendable, Hashable, CustomStringConvertible {
    package enum Reason: String, Sendable, Hashable, CaseIterable {
        case notFound, alreadyExists, inUse, invalid, rangeIsFull, notStopped, blocked, noNode
        /// The actor has no right to it.
        case notAllowed
        /// More than one object has that name.
        case ambiguous
    }

    package var reason: Reason
    package var subject: AdministrationSubject
    /// In words, naming the object; without commands of any program.
    package var message: String
    /// What would help, each by itself unless several are needed; empty when the message says all.
    package var remedies: [Remedy]

    package init(
        _ reason: Reason, _ subject: AdministrationSubject, _ message: String, _ remedies: [Remedy] = []
    ) {
        self.reason = reason
        self.subject = subject
        self.message = message
        self.remedies = remedies
    }

    /// The message and the remedies in words. A program that has commands or buttons for the remedies says them itself.
    package var description: String {
        remedies.isEmpty ? message : "\(message); \(remedies.map(\.description).joined(separator: ", or "))"
    }
}

/// What a refusal is about.
package enum AdministrationSubject: Sendable, Hashable {
    case object(FarmObject)
    /// Something of this noun that has no number: it is not there, or not yet.
    case noun(FarmNoun)
    case property(key: String)
    case configuration(key: String)
    case request(RequestID)
}

/// What helps against a refusal: a command line says it as a command, a page as a button.
package enum Remedy: Sendable, Hashable, CustomStringConvertible {
    /// Look which ones there are.
    case list(FarmNoun)
    case listProperties
    case listConfiguration
    case unblock(FarmObject)
    /// Let a node that drains take VMs again.
    case resume(NodeID)
    /// Block it, if it is gone for ever.
    case block(NodeID)
    /// Start QVD's daemon on that machine.
    case startNode(NodeID)
    case stopNode(NodeID)
    case start(VMID)
    /// Stop these VMs, and wait until they are stopped.
    case stop([VMID])
    case delete([FarmObject])
    /// Give the tag of this image to another image of its OSF.
    case moveTag(String, from: ImageID)
    /// Give these VMs another tag.
    case retag([VMID])
    /// Say which of these is meant.
    case choose([FarmObject])
    case addNode
    /// Stop VMs, or let a node give more.
    case makeRoom
    case askAdministrator

    package var description: String {
        switch self {
        case .list(let noun): "the list of \(noun.words)s shows them"
        case .listProperties: "the list of properties shows them"
        case .listConfiguration: "the farm's configuration shows them"
        case .unblock(let object): "unblock \(object)"
        case .resume(let node): "resume node \(node)"
        case .block(let node): "block node \(node) first if it is gone for ever"
        case .startNode(let node): "start qvd-node on node \(node)"
        case .stopNode(let node): "stop qvd-node on node \(node)"
        case .start(let vm): "start VM \(vm)"
        case .stop(let vms): "stop \(Self.words(vms.map(FarmObject.vm)))"
        case .delete(let objects): "delete \(Self.words(objects)) first"
        case .moveTag(let tag, let image): "move the tag `\(tag)` from image \(image) to another image"
        case .retag(let vms): "give \(Self.words(vms.map(FarmObject.vm))) another tag"
        case .choose(let objects): "say which: \(Self.words(objects))"
        case .addNode: "add a node"
        case .makeRoom: "stop VMs, or raise what a node may give"
        case .askAdministrator: "ask an administrator who may"
        }
    }

    /// `VM 3, VM 4 and 7 more`.
    private static func words(_ objects: [FarmObject]) -> String {
        let shown = objects.prefix(5).map(\.description).joined(separator: ", ")
        return objects.count > 5 ? "\(shown) and \(objects.count - 5) more" : shown
    }
}

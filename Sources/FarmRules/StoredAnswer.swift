package import FarmModel

/// What a store keeps of a request: which command it was, and its answer as text.
package struct StoredAnswer: Sendable, Hashable {
    /// The command's `fingerprint`.
    package let command: Int64
    package let text: String

    package init(command: Int64, text: String) {
        self.command = command
        self.text = text
    }
}

package typealias CommandAnswer = Result<AdministrationResult, AdministrationRefusal>

/// A command's answer as text for a store. A refusal has a line for its reason, one for its subject and one for each
/// remedy; the rest is the message.
enum AnswerText {
    static func text(of answer: CommandAnswer) -> String {
        switch answer {
        case .success(let result): text(of: result)
        case .failure(let refusal):
            (["refused \(refusal.reason.rawValue)", text(of: refusal.subject)] + refusal.remedies.map(text)
                + ["", refusal.message]).joined(separator: "\n")
        }
    }

    /// Nil for a text that this program does not write.
    static func answer(in text: String) -> CommandAnswer? {
        guard text.hasPrefix("refused ") else { return result(in: Words(text)).map(CommandAnswer.success) }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard let end = lines.firstIndex(of: ""), end >= 2 else { return nil }
        let message = lines[(end + 1)...].joined(separator: "\n")
        let rest = lines.removeFirst().dropFirst("refused ".count)
        guard let reason = AdministrationRefusal.Reason(rawValue: String(rest)),
            let subject = subject(in: Words(lines.removeFirst()))
        else { return nil }
        var remedies: [Remedy] = []
        for line in lines.prefix(end - 2) {
            guard let remedy = remedy(in: Words(line)) else { return nil }
            remedies.append(remedy)
        }
        return .failure(AdministrationRefusal(reason, subject, message, remedies))
    }

    // MARK: Results

    private static func text(of result: AdministrationResult) -> String {
        switch result {
        case .done: "done"
        case .tenant(let id): text(of: FarmObject.tenant(id))
        case .user(let id): text(of: FarmObject.user(id))
        case .osf(let id): text(of: FarmObject.osf(id))
        case .image(let id): text(of: FarmObject.image(id))
        case .node(let id): text(of: FarmObject.node(id))
        case .vm(let id): text(of: FarmObject.vm(id))
        case .placed(let vm, on: let node): "placed \(vm) \(node)"
        }
    }

    private static func result(in words: Words) -> AdministrationResult? {
        if words.first == "done" { return .done }
        if words.first == "placed" {
            let numbers = words.rest.compactMap { Int64($0) }
            return numbers.count == 2 ? .placed(VMID(numbers[0]), on: NodeID(numbers[1])) : nil
        }
        return object(in: words.all).map { object in
            switch object {
            case .tenant(let id): .tenant(id)
            case .user(let id): .user(id)
            case .osf(let id): .osf(id)
            case .image(let id): .image(id)
            case .node(let id): .node(id)
            case .vm(let id): .vm(id)
            }
        }
    }

    // MARK: Objects

    private static func text(of object: FarmObject) -> String { "\(object.noun.rawValue) \(object.number)" }

    private static func text(of objects: [FarmObject]) -> String { objects.map(text).joined(separator: " ") }

    private static func object(in words: ArraySlice<Substring>) -> FarmObject? {
        guard words.count == 2, let noun = words.first.flatMap({ FarmNoun(rawValue: String($0)) }),
            let number = words.last.flatMap({ Int64($0) })
        else { return nil }
        return FarmObject(noun, number)
    }

    private static func objects(in words: ArraySlice<Substring>) -> [FarmObject]? {
        var objects: [FarmObject] = []
        var rest = words
        while !rest.isEmpty {
            guard let object = object(in: rest.prefix(2)) else { return nil }
            objects.append(object)
            rest = rest.dropFirst(2)
        }
        return objects
    }

    private static func vms(in words: ArraySlice<Substring>) -> [VMID]? {
        let numbers = words.compactMap { Int64($0) }
        return numbers.count == words.count ? numbers.map { VMID($0) } : nil
    }

    // MARK: Subjects

    private static func text(of subject: AdministrationSubject) -> String {
        switch subject {
        case .object(let object): "object \(text(of: object))"
        case .noun(let noun): "noun \(noun.rawValue)"
        // Any text at all, also of several lines, for it may be the key that was refused.
        case .property(let key): "property \(key.unicodeScalars.map { String($0.value) }.joined(separator: " "))"
        case .configuration(let key):
            "configuration \(key.unicodeScalars.map { String($0.value) }.joined(separator: " "))"
        case .request(let request): "request \(request.text)"
        }
    }

    private static func subject(in words: Words) -> AdministrationSubject? {
        switch words.first {
        case "object": object(in: words.rest).map(AdministrationSubject.object)
        case "noun": words.second.flatMap { FarmNoun(rawValue: $0) }.map(AdministrationSubject.noun)
        case "property": characters(in: words.rest).map { .property(key: $0) }
        case "configuration": characters(in: words.rest).map { .configuration(key: $0) }
        case "request": words.second.flatMap { RequestID($0) }.map(AdministrationSubject.request)
        default: nil
        }
    }

    private static func characters(in words: ArraySlice<Substring>) -> String? {
        let scalars = words.compactMap { UInt32($0).flatMap(Unicode.Scalar.init) }
        return scalars.count == words.count ? String(String.UnicodeScalarView(scalars)) : nil
    }

    // MARK: Remedies

    private static func text(of remedy: Remedy) -> String {
        switch remedy {
        case .list(let noun): "list \(noun.rawValue)"
        case .listProperties: "list-properties"
        case .listConfiguration: "list-configuration"
        case .unblock(let object): "unblock \(text(of: object))"
        case .block(let node): "block \(node)"
        case .resume(let node): "resume \(node)"
        case .startNode(let node): "start-node \(node)"
        case .stopNode(let node): "stop-node \(node)"
        case .start(let vm): "start \(vm)"
        case .stop(let vms): (["stop"] + vms.map(\.description)).joined(separator: " ")
        case .delete(let objects): "delete \(text(of: objects))"
        case .moveTag(let tag, let image): "move-tag \(image) \(tag)"
        case .retag(let vms): (["retag"] + vms.map(\.description)).joined(separator: " ")
        case .choose(let objects): "choose \(text(of: objects))"
        case .addNode: "add-node"
        case .makeRoom: "make-room"
        case .askAdministrator: "ask-administrator"
        }
    }

    private static func remedy(in words: Words) -> Remedy? {
        switch words.first {
        case "list": words.second.flatMap { FarmNoun(rawValue: $0) }.map(Remedy.list)
        case "list-properties": .listProperties
        case "list-configuration": .listConfiguration
        case "unblock": object(in: words.rest).map(Remedy.unblock)
        case "resume": words.number.map { .resume(NodeID($0)) }
        case "block": words.number.map { .block(NodeID($0)) }
        case "start-node": words.number.map { .startNode(NodeID($0)) }
        case "stop-node": words.number.map { .stopNode(NodeID($0)) }
        case "start": words.number.map { .start(VMID($0)) }
        case "stop": vms(in: words.rest).map(Remedy.stop)
        case "delete": objects(in: words.rest).map(Remedy.delete)
        case "move-tag":
            words.number.map { .moveTag(words.rest.dropFirst().joined(separator: " "), from: ImageID($0)) }
        case "retag": vms(in: words.rest).map(Remedy.retag)
        case "choose": objects(in: words.rest).map(Remedy.choose)
        case "add-node": .addNode
        case "make-room": .makeRoom
        case "ask-administrator": .askAdministrator
        default: nil
        }
    }

    /// One line, cut at each space.
    private struct Words {
        let all: ArraySlice<Substring>

        init(_ line: some StringProtocol) {
            all = Substring(line).split(separator: " ")[...]
        }

        var first: Substring { all.first ?? "" }
        var rest: ArraySlice<Substring> { all.dropFirst() }
        var second: String? { rest.first.map(String.init) }
        var number: Int64? { rest.first.flatMap { Int64($0) } }
    }
}

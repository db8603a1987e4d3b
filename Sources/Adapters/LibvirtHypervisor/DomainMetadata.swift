import FarmModel

/// What the farm writes into a domain to know it again: an element in a namespace of our own.
enum DomainMetadata {
    static let namespace = "urn:qvd:domain:1"

    static func element(_ owner: DomainOwner) -> XMLElement {
        XMLElement(
            "qvd:owner",
            [
                "xmlns:qvd": namespace, "farm": owner.farm.text, "node": "\(owner.node)", "vm": "\(owner.vm)",
                "epoch": "\(owner.epoch.number)", "era": "\(owner.epoch.era)",
            ])
    }

    /// Reads the element as libvirt gives it back (serialized anew, either kind of quotes). Nil when a value
    /// is missing or is none of ours. No value can hold an escape.
    static func owner(from element: String) -> DomainOwner? {
        guard let farm = attribute("farm", in: element).flatMap({ FarmID($0) }),
            let node = attribute("node", in: element).flatMap({ Int64($0) }),
            let vm = attribute("vm", in: element).flatMap({ Int64($0) }),
            let epoch = attribute("epoch", in: element).flatMap({ Int64($0) })
        else { return nil }
        // A domain that was started before there were eras has none: it is of the first.
        guard let era = Int64(attribute("era", in: element) ?? "0") else { return nil }
        return DomainOwner(farm: farm, node: NodeID(node), vm: VMID(vm), epoch: Epoch(epoch, era: era))
    }

    private static func attribute(_ name: String, in element: String) -> String? {
        guard let end = element.firstIndex(of: ">") else { return nil }
        for quote in ["'", "\""] {
            let tag = element[..<end]
            let opening = " \(name)=\(quote)"
            guard let start = tag.firstRange(of: opening)?.upperBound,
                let stop = tag[start...].firstIndex(of: Character(quote))
            else { continue }
            return String(tag[start..<stop])
        }
        return nil
    }
}

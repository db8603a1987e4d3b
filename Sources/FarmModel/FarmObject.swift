/// What has numbers of its own.
package enum FarmNoun: String, Sendable, Hashable, CaseIterable {
    case tenant, user, osf, image, node, vm

    /// As people write it in a sentence.
    package var words: String {
        switch self {
        case .osf: "OSF"
        case .vm: "VM"
        case .tenant, .user, .image, .node: rawValue
        }
    }
}

/// One object of the farm, of whatever noun.
package enum FarmObject: Sendable, Hashable, CustomStringConvertible {
    case tenant(TenantID)
    case user(UserID)
    case osf(OSFID)
    case image(ImageID)
    case node(NodeID)
    case vm(VMID)

    package init(_ noun: FarmNoun, _ number: Int64) {
        self =
            switch noun {
            case .tenant: .tenant(TenantID(number))
            case .user: .user(UserID(number))
            case .osf: .osf(OSFID(number))
            case .image: .image(ImageID(number))
            case .node: .node(NodeID(number))
            case .vm: .vm(VMID(number))
            }
    }

    package var noun: FarmNoun {
        switch self {
        case .tenant: .tenant
        case .user: .user
        case .osf: .osf
        case .image: .image
        case .node: .node
        case .vm: .vm
        }
    }

    package var number: Int64 {
        switch self {
        case .tenant(let id): id.rawValue
        case .user(let id): id.rawValue
        case .osf(let id): id.rawValue
        case .image(let id): id.rawValue
        case .node(let id): id.rawValue
        case .vm(let id): id.rawValue
        }
    }

    /// `VM 3`.
    package var description: String { "\(noun.words) \(number)" }
}

extension PropertyOwner {
    package var object: FarmObject {
        switch self {
        case .osf(let id): .osf(id)
        case .image(let id): .image(id)
        case .user(let id): .user(id)
        case .vm(let id): .vm(id)
        case .node(let id): .node(id)
        }
    }
}

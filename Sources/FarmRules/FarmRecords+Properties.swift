import FarmControl
import FarmModel

extension FarmRecords {
    mutating func setProperty(_ key: String, to value: String, of owner: PropertyOwner) throws(LedgerError) {
        _ = try title(of: owner)
        try NameRules.property(key, value: value)
        try put(value, forProperty: key, of: owner)
    }

    mutating func deleteProperty(_ key: String, of owner: PropertyOwner) throws(LedgerError) {
        let title = try title(of: owner)
        guard try properties(of: owner)[key] != nil else {
            throw .refuse(
                .notFound, .object(owner.object), "\(title) has no property \(quoted(key))", .listProperties)
        }
        try put(nil, forProperty: key, of: owner)
    }

    /// `user 3 (alice@default)`. Refuses when there is no such object.
    func title(of owner: PropertyOwner) throws(LedgerError) -> String {
        switch owner {
        case .osf(let id): "OSF \(id) (\(try existing(id).name))"
        case .image(let id): try title(of: try existing(id))
        case .user(let id): "user \(id) (\(try title(of: try existing(id))))"
        case .vm(let id): "VM \(id) (\(try existing(id).name))"
        case .node(let id): "node \(id) (\(try existing(id).name))"
        }
    }

    mutating func setConfiguration(_ key: String, to value: String) throws(LedgerError) {
        try NameRules.configuration(key, value: value)
        let fixed = ["vm.network.ip.start", "vm.network.netmask", "vm.network.gateway"]
        guard !fixed.contains(key) else {
            throw .refuse(
                .invalid, .configuration(key: key),
                "`\(key)` was fixed for this farm when it was made; VMs keep their addresses for life")
        }
        if key == PlacementPolicy.configurationKey { try checkPlacementPolicy(value) }
        try put(value, forConfiguration: key)
    }

    mutating func deleteConfiguration(_ key: String) throws(LedgerError) {
        guard try configuration()[key] != nil else {
            throw .refuse(
                .notFound, .configuration(key: key), "there is no configuration key \(quoted(key))",
                .listConfiguration)
        }
        try put(nil, forConfiguration: key)
    }
}

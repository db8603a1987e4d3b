package import FarmModel

extension FarmLedger: PropertyRows {
    package func properties(of owner: PropertyOwner) -> Properties { propertyRows[owner] ?? [:] }
    package func properties() -> [PropertyOwner: Properties] { propertyRows }

    package mutating func put(_ value: String?, forProperty key: String, of owner: PropertyOwner) {
        countWrite()
        var properties = propertyRows[owner] ?? [:]
        properties[key] = value
        propertyRows[owner] = properties.isEmpty ? nil : properties
    }

    package mutating func removeProperties(of owner: PropertyOwner) {
        if propertyRows.removeValue(forKey: owner) != nil { countWrite() }
    }
}

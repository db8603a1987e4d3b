package import FarmModel

extension FarmLedger: FarmRows {
    package func identity() -> FarmIdentity { farmIdentity }

    package mutating func nextNumber(of noun: FarmNoun) -> Int64 {
        numbers[noun, default: 0] += 1
        return numbers[noun]!
    }

    package func lastNumber(of noun: FarmNoun) -> Int64 { numbers[noun] ?? 0 }

    package func configuration() -> [String: String] { configurationRows }
    package func configuration(_ key: String) -> String? { configurationRows[key] }

    package mutating func put(_ value: String?, forConfiguration key: String) {
        countWrite()
        configurationRows[key] = value
    }
}

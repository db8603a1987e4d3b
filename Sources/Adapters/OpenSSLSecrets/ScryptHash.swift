import Foundation
import TextEncodings

/// A password hash in modular form: `$scrypt$ln=15,r=8,p=1$salt$hash`, both in base64 without padding.
struct ScryptHash {
    let cost: ScryptCost
    let salt: [UInt8]
    let key: [UInt8]

    init(cost: ScryptCost, salt: [UInt8], key: [UInt8]) {
        self.cost = cost
        self.salt = salt
        self.key = key
    }

    /// Nil for any other form and for costs that are not allowed. The key's length is checked, because the beginning
    /// of a key is what scrypt gives for a shorter one: a cut hash would still fit its password.
    init?(_ text: String) {
        let parts = text.split(separator: "$", omittingEmptySubsequences: false)
        guard parts.count == 5, parts[0].isEmpty, parts[1] == "scrypt", let salt = bytes(parts[3]),
            let key = bytes(parts[4]), (8...64).contains(salt.count), [32, 64].contains(key.count)
        else { return nil }
        let costs = parts[2].split(separator: ",", omittingEmptySubsequences: false)
        guard costs.count == 3, let logarithm = number(costs[0], "ln="), let blockSize = number(costs[1], "r="),
            let parallelism = number(costs[2], "p=")
        else { return nil }
        cost = ScryptCost(logarithm: logarithm, blockSize: blockSize, parallelism: parallelism)
        guard cost.isAllowed else { return nil }
        self.salt = salt
        self.key = key
    }

    var text: String {
        "$scrypt$ln=\(cost.logarithm),r=\(cost.blockSize),p=\(cost.parallelism)$\(base64(salt))$\(base64(key))"
    }
}

private func number(_ text: Substring, _ name: String) -> Int? {
    text.hasPrefix(name) ? UInt16(text.dropFirst(name.count)).map(Int.init) : nil
}

private func base64(_ bytes: [UInt8]) -> String {
    String(Base64.encode(bytes).prefix { $0 != "=" })
}

private func bytes(_ text: Substring) -> [UInt8]? {
    let padding = String(repeating: "=", count: (4 - text.utf8.count % 4) % 4)
    return Data(base64Encoded: text + padding).map { [UInt8]($0) }
}

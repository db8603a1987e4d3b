import FarmModel

/// What stands of one tap, whole or not: names of chains, and the rules of other chains that jump to them.
struct StandingChains: Sendable, Equatable {
    private var chains: [TapChains.Table: [String]] = [:]
    private var jumps: [TapChains.Table: [String]] = [:]

    func chains(in table: TapChains.Table) -> [String] { chains[table] ?? [] }
    /// With their chain in front: `INPUT -i q… -j QVD_INPUT_q…`.
    func jumpRules(in table: TapChains.Table) -> [String] { jumps[table] ?? [] }
    var isEmpty: Bool { chains.isEmpty && jumps.isEmpty }

    mutating func addChain(_ name: String, in table: TapChains.Table) {
        chains[table, default: []].append(name)
    }
    mutating func addJump(_ rule: String, in table: TapChains.Table) {
        jumps[table, default: []].append(rule)
    }
}

/// What `ebtables-save` printed, by tap.
struct RuleListing: Sendable {
    struct Entry: Sendable {
        var standing = StandingChains()
        fileprivate var policies: [String: String] = [:]
        fileprivate var rules: [TapChains.Chain: [String]] = [:]
        /// A rule that this adapter would not write.
        fileprivate var hasForeign = false
    }

    private(set) var taps: [TapName: Entry] = [:]

    init(_ text: String) {
        var table: TapChains.Table?
        for line in text.split(separator: "\n") {
            if line.hasPrefix("*") {
                table = TapChains.Table(rawValue: String(line.dropFirst()))
            } else if let table, line.hasPrefix(":") {
                let words = line.dropFirst().split(separator: " ")
                if words.count == 2 { takeChain(String(words[0]), policy: String(words[1]), table) }
            } else if let table, line.hasPrefix("-A ") {
                takeRule(line.split(separator: " ").dropFirst(), table)
            }
        }
    }

    /// Whether all that an `apply` wrote stands and nothing else.
    func isComplete(_ tap: TapName) -> Bool {
        guard let entry = taps[tap], !entry.hasForeign else { return false }
        let digest = TapChains.digest(entry.rules)
        for table in TapChains.Table.allCases {
            let names = table.chains.map { $0.name(of: tap) }
            guard
                Set(entry.standing.chains(in: table))
                    == Set(names + [TapChains.digestChain(of: tap, digest: digest)]),
                names.allSatisfy({ entry.policies[$0] == "DROP" }),
                entry.standing.jumpRules(in: table).sorted()
                    == table.chains.map({ "\($0.base) -i \(tap) -j \($0.name(of: tap))" }).sorted()
            else { return false }
        }
        return true
    }

    /// The tap in the name of a chain of ours; nil for a chain of somebody else.
    static func tap(ofChain name: some StringProtocol) -> TapName? {
        let parts = name.split(separator: "_", maxSplits: 2, omittingEmptySubsequences: false)
        return parts.count == 3 && parts[0] == "QVD" ? TapName(String(parts[2])) : nil
    }

    private mutating func takeChain(_ name: String, policy: String, _ table: TapChains.Table) {
        guard let tap = Self.tap(ofChain: name) else { return }
        taps[tap, default: Entry()].standing.addChain(name, in: table)
        taps[tap, default: Entry()].policies[name] = policy
    }

    private mutating func takeRule(_ words: ArraySlice<Substring>, _ table: TapChains.Table) {
        guard let chain = words.first else { return }
        if let tap = Self.tap(ofChain: chain) {
            if let ours = table.chains.first(where: { $0.name(of: tap) == chain }),
                let rule = EbtablesRule.normalized(words.dropFirst())
            {
                taps[tap, default: Entry()].rules[ours, default: []].append(rule)
            } else {
                taps[tap, default: Entry()].hasForeign = true
            }
        } else if let target = words.last, let tap = Self.tap(ofChain: target) {
            taps[tap, default: Entry()].standing.addJump(words.joined(separator: " "), in: table)
        }
    }
}

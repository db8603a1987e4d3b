import FarmModel
import TextEncodings

/// The chains of one tap as text, and the batches for `ebtables-restore --noflush` that put them in force,
/// replace and remove them.
///
/// Each chain's policy is DROP, so it stays closed when somebody empties it. Beside them stands an empty
/// chain, `QVD_<digest>_<tap>`, in both tables: its name says what was applied, so that a restarted daemon
/// can tell a whole rule set from an altered one. A batch has one transaction per table. The order is such
/// that between the two more is dropped than before and after, never less: `nat` first to apply, last to
/// remove.
struct TapChains: Sendable, Equatable {
    let tap: TapName
    /// Rule texts by chain.
    let rules: [Chain: [String]]

    enum Chain: CaseIterable, Sendable {
        case prerouting, input, forward

        /// The kernel's chain that jumps to it.
        var base: String {
            switch self {
            case .prerouting: "PREROUTING"
            case .input: "INPUT"
            case .forward: "FORWARD"
            }
        }

        var table: Table { self == .prerouting ? .nat : .filter }

        func name(of tap: TapName) -> String {
            switch self {
            case .prerouting: "QVD_PRE_\(tap)"
            case .input: "QVD_INPUT_\(tap)"
            case .forward: "QVD_FORWARD_\(tap)"
            }
        }
    }

    /// The nat table's prerouting hook is the only one of ebtables that a frame meets before the bridge
    /// learns.
    enum Table: String, CaseIterable, Sendable {
        case nat, filter

        var chains: [Chain] { Chain.allCases.filter { $0.table == self } }
    }

    init(_ set: TapRuleSet) throws(EbtablesRule.Inexpressible) {
        tap = set.tap
        var rules: [Chain: [String]] = [:]
        for (chain, list) in [
            (Chain.prerouting, set.prerouting), (.input, set.input), (.forward, set.forward),
        ] {
            var texts: [String] = []
            for rule in list { texts.append(try EbtablesRule.text(rule)) }
            rules[chain] = texts
        }
        self.rules = rules
    }

    /// FNV-1a of all rules in order: eight hexadecimal digits. It finds accidents; who may write rules may
    /// also write names.
    static func digest(_ rules: [Chain: [String]]) -> String {
        var hash: UInt32 = 0x811c_9dc5
        for chain in Chain.allCases {
            for text in [chain.base] + (rules[chain] ?? []) {
                for byte in Array(text.utf8) + [0x0a] { hash = (hash ^ UInt32(byte)) &* 0x0100_0193 }
            }
        }
        return Hexadecimal.text(hash)
    }

    static func digestChain(of tap: TapName, digest: String) -> String { "QVD_\(digest)_\(tap)" }
    var digestChain: String { Self.digestChain(of: tap, digest: Self.digest(rules)) }

    /// For a tap of which nothing stands; refused as a whole by ebtables when a chain of it exists.
    func applyingFresh() -> String {
        Self.batch(Table.allCases) { table in
            table.chains.map { "-N \($0.name(of: tap)) -P DROP" } + ["-N \(digestChain)"] + jumps(of: table)
                + appending(table)
        }
    }

    /// For a tap of which `standing` stands.
    func replacing(_ standing: StandingChains) -> String {
        Self.batch(Table.allCases) { table in
            // Declaring a chain empties it, within the transaction.
            table.chains.map { ":\($0.name(of: tap)) DROP" } + [":\(digestChain) ACCEPT"]
                + standing.jumpRules(in: table).map { "-D \($0)" } + jumps(of: table) + appending(table)
                + standing.chains(in: table).filter { !isOurs($0, in: table) }.flatMap {
                    ["-F \($0)", "-X \($0)"]
                }
        }
    }

    /// Removes what stands of a tap; refused as a whole when something of it is not there.
    static func removing(_ standing: StandingChains) -> String {
        batch([.filter, .nat]) { table in
            standing.jumpRules(in: table).map { "-D \($0)" } + standing.chains(in: table).map { "-F \($0)" }
                + standing.chains(in: table).map { "-X \($0)" }
        }
    }

    /// What stands when these chains were applied and nobody changed them.
    var asStanding: StandingChains {
        var standing = StandingChains()
        for table in Table.allCases {
            for chain in table.chains {
                standing.addChain(chain.name(of: tap), in: table)
                standing.addJump(jump(of: chain), in: table)
            }
            standing.addChain(digestChain, in: table)
        }
        return standing
    }

    private func isOurs(_ name: String, in table: Table) -> Bool {
        name == digestChain || table.chains.contains { $0.name(of: tap) == name }
    }

    private func jump(of chain: Chain) -> String { "\(chain.base) -i \(tap) -j \(chain.name(of: tap))" }

    /// Before all other rules, so that none of them can accept a frame past ours.
    private func jumps(of table: Table) -> [String] { table.chains.map { "-I \(jump(of: $0))" } }

    private func appending(_ table: Table) -> [String] {
        table.chains.flatMap { chain in (rules[chain] ?? []).map { "-A \(chain.name(of: tap)) \($0)" } }
    }

    private static func batch(_ tables: [Table], _ lines: (Table) -> [String]) -> String {
        var text = ""
        for table in tables {
            let lines = lines(table)
            if !lines.isEmpty {
                text += (["*\(table.rawValue)"] + lines + ["COMMIT"]).joined(separator: "\n") + "\n"
            }
        }
        return text
    }
}

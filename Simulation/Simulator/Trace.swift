/// One event of a run, 32 bytes. What the numbers mean is the business of whoever notes them.
package struct TraceEntry: Sendable, Hashable {
    /// Nanoseconds of virtual time.
    package var at: Int64
    package var kind: UInt16
    /// Which process or actor.
    package var source: UInt16
    /// How it ended, or 0.
    package var outcome: UInt32
    /// Which object: a VM's or user's number.
    package var subject: Int64
    package var value: Int64

    package init(at: Int64, kind: UInt16, source: UInt16, outcome: UInt32, subject: Int64, value: Int64) {
        self.at = at
        self.kind = kind
        self.source = source
        self.outcome = outcome
        self.subject = subject
        self.value = value
    }
}

/// The events of a run: always counted and digested, kept only when asked for, with words only when asked for.
///
/// Words cost eighteen times what the entry costs, so they are made in replays and never in a soak.
package struct Trace: Sendable {
    package enum Detail: Sendable, Hashable { case digest, entries, words }

    package let detail: Detail
    /// FNV-1a over the entries' 64-bit words.
    package private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    package private(set) var count = 0
    package private(set) var entries: [TraceEntry] = []
    /// What was said of the entry with this index.
    package private(set) var words: [Int: String] = [:]

    package init(detail: Detail) { self.detail = detail }

    package mutating func append(_ entry: TraceEntry, words text: @autoclosure () -> String) {
        mix(UInt64(bitPattern: entry.at))
        mix(UInt64(entry.kind) << 48 | UInt64(entry.source) << 32 | UInt64(entry.outcome))
        mix(UInt64(bitPattern: entry.subject))
        mix(UInt64(bitPattern: entry.value))
        if detail != .digest {
            if detail == .words { words[entries.count] = text() }
            entries.append(entry)
        }
        count += 1
    }

    private mutating func mix(_ word: UInt64) { digest = (digest ^ word) &* 0x0000_0100_0000_01b3 }
}

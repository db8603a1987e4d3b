/// One event of a run, 32 bytes. What the numbers mean is the business of whoever records them.
package struct TraceRecord: Sendable, Hashable {
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
/// Words cost eighteen times what the record costs, so they are made in replays and never in a soak.
package struct Trace: Sendable {
    package enum Detail: Sendable, Hashable { case digest, records, words }

    package let detail: Detail
    /// FNV-1a over the records' 64-bit words.
    package private(set) var digest: UInt64 = 0xcbf2_9ce4_8422_2325
    package private(set) var count = 0
    package private(set) var records: [TraceRecord] = []
    /// What was said of the record with this index.
    package private(set) var words: [Int: String] = [:]

    package init(detail: Detail) { self.detail = detail }

    package mutating func append(_ record: TraceRecord, words text: @autoclosure () -> String) {
        mix(UInt64(bitPattern: record.at))
        mix(UInt64(record.kind) << 48 | UInt64(record.source) << 32 | UInt64(record.outcome))
        mix(UInt64(bitPattern: record.subject))
        mix(UInt64(bitPattern: record.value))
        if detail != .digest {
            if detail == .words { words[records.count] = text() }
            records.append(record)
        }
        count += 1
    }

    private mutating func mix(_ word: UInt64) { digest = (digest ^ word) &* 0x0000_0100_0000_01b3 }
}

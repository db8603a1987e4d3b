import FarmModel

extension Fault: CustomStringConvertible {
    package var description: String { "at \(Instant(nanoseconds: at)) s for \(Instant(nanoseconds: lasts)) s: \(text)" }

    /// What goes wrong, as a scenario file says it.
    package var text: String { kindText + aim.text }

    private var kindText: String {
        switch kind {
        case .slow(let port, let nanoseconds): "slow \(port.text) by \(Instant(nanoseconds: nanoseconds)) s"
        case .failing(let port, let mode, let perMille): "failing \(port.text) \(mode.rawValue) \(perMille) in 1000"
        case .hanging(let port, nil): "hanging \(port.text)"
        case .hanging(let port, let vm?): "hanging \(port.text) about VM \(vm)"
        case .eventsLost(let perMille): "events-lost \(perMille) in 1000"
        case .eventsDoubled(let perMille): "events-doubled \(perMille) in 1000"
        case .diskFull: "disk-full"
        case .imageMissing(let file): "image-missing \(file)"
        case .imageCorrupt(let file): "image-corrupt \(file)"
        case .agentSilent(let vm): "agent-silent VM \(vm)"
        case .domainDies(let vm): "domain-dies VM \(vm)"
        case .guestHangs(let vm): "guest-hangs VM \(vm)"
        case .emulatorFreezes(let vm): "emulator-freezes VM \(vm)"
        case .guestNeverBoots(let vm): "guest-never-boots VM \(vm)"
        case .sessionEnds(let vm): "session-ends VM \(vm)"
        case .guestPowersOff(let vm): "guest-powers-off VM \(vm)"
        case .guestTurnsHostile(let vm): "guest-turns-hostile VM \(vm)"
        case .addressServiceDies: "dhcp-dies"
        case .filterFlushed(let vm): "filter-flushed VM \(vm)"
        case .tapDeleted(let vm): "tap-deleted VM \(vm)"
        case .kill(let process, nil): "kill \(process.text)"
        case .kill(let process, let calls?): "kill \(process.text) after \(calls) steps"
        case .terminate(let process): "terminate \(process.text)"
        case .freeze(let process): "freeze \(process.text)"
        }
    }
}

extension ProcessKind {
    /// The name in scenario files.
    package var text: String { self == .houseKeeper ? "hkd" : "l7r" }
}

extension FaultAim {
    /// To follow the fault's own words.
    package var text: String {
        (call.map { " of \($0.text)" } ?? "") + (vm.map { " of VM \($0)" } ?? "")
            + (first.map { ", the first \($0)" } ?? "")
    }
}

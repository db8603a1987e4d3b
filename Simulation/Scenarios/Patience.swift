import FarmControl
import FarmModel
import FarmRules
import SimulatedPorts

/// How long the liveness phase waits for each thing: as long as what it waits for may take, and no longer.
///
/// Where nothing hangs that is 90 s for each round of starts that the slots allow. Guests that hang, and calls that
/// were under way when the faults ended, have the limits of their own steps on top.
struct Patience {
    private let rounds: Int64
    private let hungRounds: Int64
    private let limits: VMTimeLimits
    private let connect: Int64
    private let isAfterFaults: Bool

    /// As things are at this moment.
    ///
    /// - Parameter afterFaults: whether faults were in force until now, so that calls may still be under way.
    init(_ world: World, afterFaults: Bool = false) {
        let slots = world.plan.farm.heavyMax
        func rounds(_ vms: Int) -> Int64 { Int64((vms + slots - 1) / slots) }
        self.rounds = rounds(world.plan.vmsMax)
        hungRounds = rounds(world.hungVMs.count)
        limits = world.plan.farm.nodeLimits
        connect = Self.connect(world.plan.farm.connectLimits)
        isAfterFaults = afterFaults
    }

    /// Whether anything is waited for that hangs.
    var isOfHung: Bool { hungRounds > 0 || isAfterFaults }

    /// Until what is wanted is what is.
    var rest: Int64 {
        let ladder = Self.sum(
            max(limits.silenceMax, limits.boot), limits.pingAfterAnswer, limits.call, limits.powerOff, limits.shutdown)
        let underWay = Self.sum(
            limits.step, limits.zombieRetryMax, limits.notYetMax, limits.powerOff, limits.shutdown)
        return Self.quiet * rounds + ladder * hungRounds + (isAfterFaults ? underWay : 0)
    }

    /// Until everybody has been answered.
    var answers: Int64 { Self.quiet + (isOfHung ? connect : 0) }

    /// Until everybody has seen their desktop: the farm comes to rest, and the last one who was told to try again does.
    var desktops: Int64 { rest + answers }

    private static let quiet = 90 * Plan.second

    /// All steps of a connect together.
    static func connect(_ limits: ConnectLimits) -> Int64 {
        let holders = limits.takeOver + limits.takePlace
        return
            (limits.authenticate + limits.authorize * 2 + holders * limits.holdersMax + limits.start
            + limits.session + limits.openConnection + limits.mark).wholeNanoseconds
    }

    private static func sum(_ limits: Duration...) -> Int64 { limits.reduce(.zero, +).wholeNanoseconds }
}

extension World {
    /// The VMs that do not do what they are asked, or were asked and have not done it yet: a guest that boots does not
    /// hear that it shall shut down.
    var hungVMs: Set<VMID> {
        let ending = store.look { ledger in
            ledger.vms().filter { $0.observation.state == .stopping || $0.observation.state == .zombie }.map(\.id)
        }
        return nodes.reduce(into: Set(ending)) { $0.formUnion($1.hungVMs) }
    }
}

extension FarmNode {
    fileprivate var hungVMs: [VMID] {
        host.read { truth in
            truth.domains.values.filter {
                $0.isLive && ($0.guest.isHung || $0.guest.neverGetsUp || $0.isStanding)
            }.compactMap { $0.running?.owner.vm }
        }
    }
}

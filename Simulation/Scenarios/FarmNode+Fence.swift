import FarmModel
import SimulatedPorts
import Simulator

/// A house keeper that is told to fence its node, and what must come of it.
extension FarmNode {
    func fence(restartAfter pause: Int64) {
        // To a process that gets no processor the order would come together with all that it has slept through, in an
        // order that its polls decide.
        guard let life = life(.houseKeeper), life.isAlive, !life.executor.isFrozen, state.value.fencePause == nil
        else { return }
        simulation.mark(.injected(ProcessFault.fence.word))
        state.value.fencePause = pause
        // What it ends from now on it was told to end.
        state.value.departures[.houseKeeper]?.desktops = [:]
        state.value.orderFence?.yield()
    }

    /// The house keeper has ended: if it was told to fence and not to end, no domain may be left.
    ///
    /// - Returns: how long it stays away.
    func fencePause() -> Int64 {
        guard let pause = state.value.fencePause else { return 0 }
        if state.value.departures[.houseKeeper] == nil, let vm = liveVMs.min() {
            farm.value.found = Violation(
                "fenced", at: now, vm: vm, "HKD says that it has fenced node \(id), where VM \(vm) still runs")
        }
        return pause
    }
}

import FarmControl
import FarmModel
import FarmPorts
import SimulatedPorts
import Simulator
import FarmRules

/// The figures of the simulator's own speed.
package enum Benchmark {
    package struct Rate: Sendable {
        package var calls: Int
        package var wallTime: Duration
        package var perSecond: Double { Double(calls) / max(1e-9, wallTime / .seconds(1)) }
    }

    /// Port calls per second of real time: `tasks` tasks of one process that each make `calls` calls in turn.
    package static func portCalls(tasks: Int = 1000, calls: Int = 200) -> Rate {
        let simulation = Simulation(seed: 1)
        let host = SimulatedHost(
            simulation: simulation, node: NodeID(1), address: IPv4Address(bits: 0x0a03_0001), images: ["desktop.qcow2"])
        let life = simulation.begin(.houseKeeper, on: NodeID(1))
        let ports = PortSet(host: host, incarnation: life)
        let failures = Confined(0)
        for number in 0..<tasks {
            simulation.executor.spawn(on: life.executor) {
                let tap = TapName(farm: FarmID(bits: 1), node: NodeID(1), vm: VMID(Int64(number)))
                for call in 0..<calls {
                    do throws(PortError) {
                        if call % 2 == 0 {
                            try await ports.network.ensureTap(tap, mac: MACAddress(bits: UInt64(number)))
                        } else {
                            try await ports.network.removeTap(tap)
                        }
                    } catch {
                        failures.value += 1
                    }
                }
            }
        }
        let began = ContinuousClock.now
        simulation.executor.run()
        let took = ContinuousClock.now - began
        precondition(failures.value == 0 && simulation.portCalls == tasks * calls, "the benchmark's calls failed")
        return Rate(calls: tasks * calls, wallTime: took)
    }

    /// A farm of one VM, which runs and which nobody uses.
    ///
    /// - Parameter hours: of virtual time.
    package static func idleFarm(hours: Int64 = 24) -> RunResult {
        var plan = Plan(name: "idle farm", seed: 1)
        plan.provesLiveness = false
        plan.until = hours * 3600 * Plan.second
        plan.steps = [Step(at: Plan.second, .administer(.start(vm: 1)))]
        plan.expectations = [Expectation(.by(120 * Plan.second), .vm(1, .running), place: "idle farm")]
        return Runner(plan).run()
    }

    /// Makes a farm of that many VMs, each of a user of its own.
    package static func setUp(vms: Int = 100_000) -> Duration {
        var plan = Plan(name: "set-up of \(vms) VMs", seed: 1)
        plan.farm.vms = vms
        plan.farm.users = vms
        let began = ContinuousClock.now
        let world = World(plan: plan)
        let took = ContinuousClock.now - began
        precondition(world.store.look { $0.vms().count } == vms, "the benchmark's farm is not whole")
        return took
    }

    /// One node boots that many VMs at once: real time until all of them run, agents answering.
    package static func bootStorm(vms: Int = 100) -> RunResult {
        var plan = Plan(name: "boot storm of \(vms) VMs", seed: 1)
        plan.farm.vms = vms
        plan.farm.users = vms
        plan.provesLiveness = false
        plan.until = 3600 * Plan.second
        for vm in 1...vms {
            plan.steps.append(Step(at: Plan.second, .administer(.start(vm: vm))))
        }
        var running = 0
        var result = Runner(plan).runUntil { world in
            world.store.look { ledger in
                // None of them ends again.
                while running < vms, ledger.vm(VMID(Int64(running + 1)))?.observation.state == .running { running += 1 }
            }
            return running == vms
        }
        if running < vms, result.violation == nil {
            result.violation = Violation(
                "settles", at: result.virtualTime, "VM \(running + 1) does not run at the end of the boot storm")
        }
        return result
    }
}

import FarmControl
import FarmModel
import FarmPorts
import Logging

/// Carries out the node machine's actions on the ports and sends what came of them.
struct NodeWorker: Sendable {
    let ports: NodePorts
    let procedures: VMProcedures
    let identity: NodeIdentity
    let log: Logger
    let onReady: @Sendable () -> Void
    let send: AsyncStream<NodeEvent>.Continuation

    /// How soon after one change of the store the next is looked at. Small beside what any start takes.
    private static let changesPause = Duration.milliseconds(50)

    func carryOut(_ action: NodeAction) async {
        switch action {
        case .readStore: await readStore()
        case .look: await look()
        case .perform(let effect, let id, let plan, let secret):
            send.yield(.finished(id, await procedures.perform(effect, plan, secret: secret)))
        case .record(let observation, let vm, let epoch): await record(observation, vm, epoch)
        case .release(let plan, let error): await release(plan, error)
        case .repairFilter(let plan): await repairFilter(plan)
        case .collect(let leftover): await collect(leftover)
        case .ready: await ready()
        case .recordRunning: await recordRunning()
        case .report(let finding): report(finding)
        }
    }

    func wake(at moment: Instant) async {
        do {
            try await ports.clock.sleep(until: moment)
            send.yield(.tick)
        } catch {
            // Cancelled: the node stops.
        }
    }

    func hearHypervisor() async {
        for await event in ports.hypervisor.events() { send.yield(.hypervisor(event)) }
    }

    func hearStore() async {
        for await _ in ports.changes.changes() {
            send.yield(.storeChanged)
            // A burst of changes, most of them our own records, costs one reading and not one each: the stream
            // keeps the newest until we come back.
            do { try await ports.clock.sleep(for: Self.changesPause) } catch { return }
        }
    }

    /// Reads what is wanted, and publishes the farm's reservations with it, so that DHCP knows every VM
    /// before anybody starts it.
    private func readStore() async {
        do throws(PortError) {
            send.yield(.nodeRead(try await ports.records.node(named: identity.node.name).node.state))
            let assignments = try await ports.records.assignments(to: identity.node.id)
            let abandoned = try await ports.records.abandonedDomains(on: identity.node.id)
            let reservations = try await ports.records.reservations()
            send.yield(.assignments(assignments, abandoned: abandoned, known: reservations.map(\.vm)))
            await publish(reservations)
        } catch {
            send.yield(.readFailed(error.description))
        }
    }

    private func publish(_ reservations: [Reservation]) async {
        do throws(PortError) {
            if try await ports.addresses.observe() != reservations {
                try await ports.addresses.publish(reservations)
            }
        } catch {
            log.error("DHCP reservations could not be published", metadata: ["error": "\(error)"])
        }
    }

    private func look() async {
        do throws(PortError) {
            var view = NodeView()
            view.domains = try await ports.hypervisor.observe()
            view.taps = try await ports.network.observeTaps()
            view.filters = try await ports.filter.observe()
            view.secrets = try await ports.secrets.observe()
            for disk in try await ports.disks.observe() {
                if case .overlay = disk.kind { view.overlays.append(disk.vm) }
            }
            send.yield(.looked(view))
        } catch {
            send.yield(.lookFailed(error.description))
        }
    }

    private func record(_ observation: Observation, _ vm: VMID, _ epoch: Epoch) async {
        do throws(PortError) {
            try await ports.records.record(observation, of: vm, by: identity.node.id, epoch: epoch)
            send.yield(.recorded(vm, .done))
        } catch {
            // A VM without a row has nobody to tell.
            send.yield(.recorded(vm, error.reason == .stale || error.reason == .notFound ? .stale : .failed))
        }
    }

    /// Until the store answers: a VM that is not released could not be started anywhere.
    private func release(_ plan: StartPlan, _ words: String?) async {
        var pause = Duration.milliseconds(250)
        while true {
            do throws(PortError) {
                try await ports.records.release(
                    plan.vm.id, by: identity.node.id, epoch: plan.epoch, request: plan.request, error: words,
                    at: ports.clock.wallTime)
                break
            } catch  where error.reason == .stale || error.reason == .notFound {
                break  // somebody else's by now, or deleted: it is given back either way
            } catch {
                guard error.reason != .cancelled else { return }
                log.warning(
                    "a VM could not be given back to the store; trying again",
                    metadata: ["vm": "\(plan.vm.id)", "error": "\(error)"])
            }
            do { try await ports.clock.sleep(for: pause) } catch { return }
            pause = min(pause * 2, .seconds(10))
        }
        send.yield(.released(plan.vm.id))
    }

    private func repairFilter(_ plan: StartPlan) async {
        do throws(PortError) {
            try await ports.filter.apply(procedures.rules(plan))
            log.warning("filter rules had been changed; put back", metadata: ["vm": "\(plan.vm.id)"])
        } catch {
            log.error(
                "filter rules could not be put back", metadata: ["vm": "\(plan.vm.id)", "error": "\(error)"])
        }
        send.yield(.repaired(plan.vm.id))
    }

    private func collect(_ leftover: Leftover) async {
        do throws(PortError) {
            try await procedures.collect(leftover)
            log.notice("removed a leftover", metadata: ["what": "\(leftover)"])
        } catch {
            log.warning(
                "a leftover could not be removed", metadata: ["what": "\(leftover)", "error": "\(error)"])
        }
        send.yield(.collected(leftover))
    }

    private func ready() async {
        do throws(PortError) {
            try await ports.records.recordState(of: identity.node.id, .running, at: ports.clock.wallTime)
            onReady()
        } catch {
            guard error.reason != .cancelled else { return }
            do { try await ports.clock.sleep(for: .seconds(1)) } catch { return }
            await ready()
        }
    }

    /// Once: the next reading finds it again when it did not work.
    private func recordRunning() async {
        do throws(PortError) {
            try await ports.records.recordState(of: identity.node.id, .running, at: ports.clock.wallTime)
            log.notice("the store did not know that this node serves; it does now")
        } catch {
            log.warning("the store does not know that this node serves", metadata: ["error": "\(error)"])
        }
    }

    private func report(_ finding: NodeFinding) {
        switch finding {
        case .domainWithoutRow(let name, let vm):
            log.warning(
                "a domain of this farm is here, but the store does not assign its VM to this node; it is kept",
                metadata: ["domain": "\(name)", "vm": "\(vm)", "do": "qvd vm abandon-domain \(vm)"])
        case .zombie(let vm, let words):
            log.error("cannot be confirmed dead", metadata: ["vm": "\(vm)", "error": "\(words)"])
        case .state(let vm, let state, let error):
            var metadata: Logger.Metadata = ["vm": "\(vm)", "state": "\(state)"]
            if let error { metadata["error"] = "\(error)" }
            log.info("VM state", metadata: metadata)
        case .storeUnreachable(let words):
            log.error("the store does not answer", metadata: ["error": "\(words)"])
        case .storeReachable: log.notice("the store answers again")
        case .nodeUnreadable(let words):
            log.error("the node cannot be looked at", metadata: ["error": "\(words)"])
        case .nodeReadable: log.notice("the node can be looked at again")
        }
    }
}

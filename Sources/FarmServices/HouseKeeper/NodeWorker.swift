import FarmControl
import FarmModel
import FarmPorts
import Logging

/// Carries out the node machine's actions on the ports and sends what came of them.
struct NodeWorker: Sendable {
    let ports: NodePorts
    let procedures: VMProcedures
    let identity: NodeIdentity
    let reservations: ReservationPublisher
    let deletions: DiskDeleter
    let log: Logger
    let onReady: @Sendable () -> Void
    let inbox: NodeInbox

    /// How soon after one change of the store the next is looked at. Small beside what any start takes.
    private static let changesPause = Duration.milliseconds(50)

    /// - Parameter revision: since which a reading of the store is to tell what changed; nil to read everything.
    func carryOut(_ action: NodeAction, since revision: Revision?) async {
        switch action {
        case .readStore(let vms, let number): await readStore(about: vms, number, since: revision)
        case .look(let source, let number): await look(source, number)
        case .perform(.begin, let id, let plan): inbox.put(.began(id, await begin(plan)))
        case .perform(.release(let failure), let id, let plan):
            inbox.put(.finished(id, await release(plan, failure?.words)))
        case .perform(let effect, let id, let plan):
            inbox.put(.finished(id, await procedures.perform(effect, plan)))
        case .report(let observation, let vm, let epoch): await report(observation, vm, epoch)
        case .endDomain(let plan): await endDomain(plan)
        case .repairFilter(let plan): await repairFilter(plan)
        case .collect(let leftover): await collect(leftover)
        case .deleteUserDisk(let disk): await deletions.delete(disk, inbox)
        case .postponeDeletion(let disk): await deletions.postpone(disk, inbox)
        case .reportRunning: await reportRunning()
        case .announceReady: onReady()
        case .announce(let finding): announce(finding)
        }
    }

    func wake(at moment: Instant) async {
        do {
            try await ports.clock.sleep(until: moment)
            inbox.put(.tick)
        } catch {
            // Cancelled: the node stops.
        }
    }

    /// Says at fixed moments that it is time to ask what nobody tells: one sweep for all VMs.
    ///
    /// - Parameter subject: nil for a poll that no clock may leave out.
    func poll(_ subject: PollSubject?, every period: Duration, _ event: NodeEvent) async {
        var moment = ports.clock.now
        while !Task.isCancelled {
            moment = max(moment.advanced(by: period), ports.clock.now)
            do {
                if let subject {
                    moment = try await ports.clock.sleep(until: moment, toPoll: subject, every: period)
                } else {
                    try await ports.clock.sleep(until: moment)
                }
            } catch {
                return  // cancelled: the node stops
            }
            inbox.put(event)
        }
    }

    func hearHypervisor() async {
        for await event in ports.hypervisor.events() { await inbox.hear(.hypervisor(event)) }
    }

    func hearStore() async {
        for await _ in ports.changes.changes() {
            await inbox.hear(.storeChanged)
            // A burst of changes, most of them our own reports, costs one reading and not one each: the stream
            // keeps the newest until we come back.
            do { try await ports.clock.sleep(for: Self.changesPause) } catch { return }
        }
    }

    /// Reads what is wanted, whole or what changed since the last reading, and publishes the farm's reservations with
    /// it, so that DHCP knows every VM before anybody starts it.
    private func readStore(about vms: [VMID], _ number: Int64, since last: Revision?) async {
        do throws(PortError) {
            var areReservationsOthers = true
            if let last, let changes = try await changes(since: last, about: vms) {
                areReservationsOthers = changes.areReservationsOthers
                inbox.put(.readChanges(changes, about: vms, number: number))
            } else {
                let wanted = try await ports.records.desiredState(of: identity.node.id, about: vms)
                inbox.put(.read(wanted, number: number))
            }
            await reservations.bringUpToDate(areOthers: areReservationsOthers)
        } catch {
            inbox.put(.readFailed(error.description, number: number))
        }
    }

    private func changes(
        since last: Revision, about vms: [VMID]
    ) async throws(PortError) -> DesiredStateChanges? {
        try await ports.records.desiredStateChanges(of: identity.node.id, about: vms, after: last)
    }

    private func look(_ source: NodeSource, _ number: Int64) async {
        do throws(PortError) {
            let found = try await observe(source)
            inbox.put(.looked(found, number: number))
        } catch {
            inbox.put(.lookFailed(source, error.description, number: number))
        }
    }

    private func observe(_ source: NodeSource) async throws(PortError) -> SourceInventory {
        switch source {
        case .hypervisor: return .domains(try await ports.hypervisor.observe())
        case .network: return .taps(try await ports.network.observeTaps())
        case .filter: return .filters(try await ports.filter.observe())
        case .secrets: return .secrets(try await ports.secrets.observe())
        case .disks:
            let disks = try await ports.storages.observe()
            return .overlays(disks.filter { if case .overlay = $0.kind { true } else { false } }.map(\.vm))
        }
    }

    private func report(_ observation: Observation, _ vm: VMID, _ epoch: Epoch) async {
        do throws(PortError) {
            try await ports.records.report(observation, of: vm, by: identity.node.id, epoch: epoch)
            inbox.put(.reported(vm, .done))
        } catch {
            // A VM without a row has nobody to tell.
            inbox.put(.reported(vm, error.reason == .stale || error.reason == .notFound ? .stale : .failed))
        }
    }

    private func begin(_ plan: StartPlan) async -> BeginOutcome {
        let secret = plan.triedSecret ?? procedures.drawSecret()
        do throws(PortError) {
            let epoch = try await ports.records.begin(
                plan.vm.id, by: identity.node.id, epoch: plan.epoch, secret: secret)
            return .begun(epoch, secret)
        } catch {
            return error.reason == .stale || error.reason == .notFound
                ? .refused : .unknown(error.description, tried: secret)
        }
    }

    private func release(_ plan: StartPlan, _ words: String?) async -> PortOutcome {
        do throws(PortError) {
            try await ports.records.release(
                plan.vm.id, by: identity.node.id, epoch: plan.epoch, request: plan.request, error: words,
                at: ports.clock.wallTime)
            return .done
        } catch  where error.reason == .stale || error.reason == .notFound {
            return .done  // somebody else's by now, or deleted: it is given back either way
        } catch {
            log.warning(
                "a VM could not be given back to the store; it will be tried again",
                metadata: ["vm": "\(plan.vm.id)", "error": "\(error)"])
            return .unknown(error.description)
        }
    }

    private func endDomain(_ plan: StartPlan) async {
        do throws(PortError) {
            try await procedures.endDomain(plan)
            log.warning("ended a domain whose assignment is over", metadata: ["vm": "\(plan.vm.id)"])
        } catch {
            log.error(
                "a domain whose assignment is over could not be ended; it is tried again at the next look",
                metadata: ["vm": "\(plan.vm.id)", "error": "\(error)"])
        }
    }

    private func repairFilter(_ plan: StartPlan) async {
        do throws(PortError) {
            try await ports.filter.apply(procedures.rules(plan))
            log.warning("filter rules had been changed; put back", metadata: ["vm": "\(plan.vm.id)"])
        } catch {
            log.error(
                "filter rules could not be put back", metadata: ["vm": "\(plan.vm.id)", "error": "\(error)"])
        }
        inbox.put(.repaired(plan.vm.id))
    }

    private func collect(_ leftover: Leftover) async {
        do throws(PortError) {
            try await procedures.collect(leftover)
            log.notice("removed a leftover", metadata: ["what": "\(leftover)"])
        } catch {
            log.warning(
                "a leftover could not be removed", metadata: ["what": "\(leftover)", "error": "\(error)"])
        }
        inbox.put(.collected(leftover))
    }

    private func reportRunning() async {
        do throws(PortError) {
            try await ports.records.reportState(of: identity.node.id, .running, at: ports.clock.wallTime)
            log.notice("the store knows that this node serves")
            inbox.put(.runningReported(true))
        } catch {
            log.warning("the store does not know yet that this node serves", metadata: ["error": "\(error)"])
            inbox.put(.runningReported(false))
        }
    }

    private func announce(_ finding: NodeFinding) {
        switch finding {
        case .domainWithoutRow(let name, let vm):
            log.warning(
                "a domain of this farm is here, but the store has no row of its VM, or only an older one; it is kept",
                metadata: ["domain": "\(name)", "vm": "\(vm)", "do": "qvd vm abandon-domain \(vm)"])
        case .zombie(let vm, let words):
            log.error("cannot be confirmed dead", metadata: ["vm": "\(vm)", "error": "\(words)"])
        case .state(let vm, let state, let error):
            var metadata: Logger.Metadata = ["vm": "\(vm)", "state": "\(state)"]
            if let error { metadata["error"] = "\(error)" }
            log.info("VM state", metadata: metadata)
        case .storeUnreachable(let words):
            log.error("the store does not answer", metadata: ["error": "\(words)"])
        case .mode(.draining): log.notice("draining: the store assigns no more VMs to this node")
        case .mode(.serving): log.notice("serving: the store may assign VMs to this node again")
        case .mode(.joining): break
        case .mode(.fencing): log.critical("fencing: every VM of this node is being ended")
        case .mode(.fenced): log.critical("fenced: no VM runs on this node any more")
        case .storeReachable: log.notice("the store answers again")
        case .sourceUnreadable(let source, let words):
            log.error("the node's \(source.words) cannot be looked at", metadata: ["error": "\(words)"])
        case .sourceReadable(let source): log.notice("the node's \(source.words) can be looked at again")
        }
    }
}

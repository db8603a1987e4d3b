import FarmModel

@testable import FarmControl
@testable import FarmRules
import PortContracts

/// The store's side of the exploration: the product's own rules on the product's own rows in memory. Here only the
/// commands of people and the calls of the node are passed on, and what must be remembered for the checks is noted.
extension NodeSearchState {
    /// A farm with one node and these VMs.
    static func ledger(vms: Int) -> FarmLedger {
        do {
            let addressPlan = try AddressPlan(
                network: IPv4Address(bits: 0x0a03_0000), prefixLength: 24, rangeStart: IPv4Address(bits: 0x0a03_0010),
                gateway: nil)
            var ledger = FarmLedger(farm: farm, addressPlan: addressPlan)
            let commands: [AdministrationCommand] =
                [
                    .addNode(name: "node", address: IPv4Address(bits: 0x0a03_0001)),
                    .addUser(tenant: TenantID(1), login: "ann", passwordHash: "$none$"),
                    .addOSF(
                        tenant: TenantID(1), name: "desk", memory: Mebibytes(64), userDiskSize: Mebibytes(0),
                        keepsOverlay: false),
                    .addImage(osf: OSFID(1), file: "desk.qcow2", version: "1", day: "2026-01-01"),
                ]
                + (1...vms).map {
                    .addVM(name: "vm\($0)", user: UserID(1), osf: OSFID(1), tag: "default", address: nil)
                }
            for command in commands { _ = try ledger.apply(command, by: "test", at: WallTime(seconds: 0)).get() }
            try ledger.reportState(of: node, .running, at: WallTime(seconds: 0))
            return ledger
        } catch {
            preconditionFailure("a farm of \(vms) VMs cannot be made: \(error)")
        }
    }

    func row(_ vm: VMID) -> VirtualMachine? { ledger.vm(vm) }

    mutating func requestStart(_ vm: VMID) {
        guard row(vm)?.intent.wanted != .run else { return }
        let before = ledger.writes
        do { try ledger.requestStart(vm, on: Self.node, by: "ann") } catch { return }
        ghosts[vm]?.guestEnded = false
        if ledger.writes != before { notify() }
    }

    mutating func requestStop(_ vm: VMID) {
        let before = ledger.writes
        do { try ledger.requestStop(vm, by: "ann") } catch { return }
        ghosts[vm]?.wasStopped = true
        if ledger.writes != before { notify() }
    }

    /// An administrator blocks the VM, or lets it start again.
    mutating func setBlocked(_ vm: VMID, _ isBlocked: Bool) {
        administer(.setVM(vm, name: nil, tag: nil, isBlocked: isBlocked))
    }

    mutating func delete(_ vm: VMID) { administer(.deleteVM(vm)) }

    private mutating func administer(_ command: AdministrationCommand) {
        do {
            if case .success = try ledger.apply(command, by: "admin", at: WallTime(seconds: 0)) { notify() }
        } catch {
            violation = "the rows in memory failed: \(error)"
        }
    }

    private mutating func notify() {
        if !pending.contains(where: { $0.call == .changed }) { pending.append(.init(call: .changed)) }
    }

    // MARK: The node's calls

    mutating func drawSecret() -> AgentSecret {
        secretsDrawn += 1
        return AgentSecret("s\(secretsDrawn)")
    }

    mutating func begin(_ vm: VMID, _ epoch: Epoch, _ secret: AgentSecret) -> BeginOutcome {
        do {
            return .begun(try ledger.begin(vm, by: Self.node, epoch: epoch, secret: secret), secret)
        } catch {
            return .refused
        }
    }

    mutating func report(_ observation: Observation, _ vm: VMID, _ epoch: Epoch) -> ReportOutcome {
        do {
            try ledger.report(observation, of: vm, by: Self.node, epoch: epoch)
        } catch {
            return .stale
        }
        if observation.state == .running { domains[vm]?.isAcknowledged = true }
        return .done
    }

    /// Also checks that a withdrawn wish is withdrawn with a reason, and that nothing is given back that lives.
    mutating func release(_ vm: VMID, _ epoch: Epoch, _ request: Int64, _ error: String?) {
        guard let before = row(vm), before.intent.node == Self.node, before.intent.epoch == epoch else { return }
        do {
            try ledger.release(
                vm, by: Self.node, epoch: epoch, request: request, error: error, at: WallTime(seconds: 0))
        } catch {
            return
        }
        if before.intent.wanted == .run, row(vm)?.intent.wanted == .stop {
            if error == nil, ghosts[vm]?.guestEnded != true {
                violation = "intent: VM \(vm) was wanted to run and was given up without a reason"
            }
            if let error, !wasHurt { violation = "intent: VM \(vm) failed though nothing went wrong: \(error)" }
            if before.intent.request != request { violation = "intent: a newer start of VM \(vm) was forgotten" }
        }
        if let domain = domains[vm], !domain.isStray { violation = "release: VM \(vm) given back with a live domain" }
        ghosts[vm]?.guestEnded = false
    }
}

import FarmModel

@testable import FarmControl
@testable import FarmRules

/// A world as small as can be around one `NodeMachine`: the store's rows, what is on the node, and the calls
/// that are under way. It carries calls out as the ports promise, in every way they may fail.
struct NodeSearchState {
    struct Domain: Hashable {
        var epoch: Epoch
        /// Made by a call that had been given up: it has no rights, and is to be removed.
        var isStray = false
        var isPoweringOff = false
        /// The store was told that it runs.
        var isAcknowledged = false
    }

    /// Something under way between the machine and the world.
    enum Call: Hashable {
        case perform(VMEffect, VMEffectID, Epoch, request: Int64)
        case begin(VMEffectID, Epoch, AgentSecret)
        case report(Observation, VMID, Epoch)
        case read([VMID], number: Int64)
        case look(NodeSource, number: Int64)
        case reportRunning
        case endDomain(VMID, Epoch)
        case repair(VMID)
        case collect(Leftover)
        case heard(VMID, StopReason)
        case changed
    }

    struct Pending: Hashable {
        var call: Call
        /// Set when it was carried out and only the answer is still on its way.
        var answer: NodeEvent?
    }

    /// What the checkers must remember of a VM.
    struct Ghost: Hashable {
        var guestEnded = false
        var wasStopped = false
        var mayBeStray = false
        /// A record was given up and may come late, or comes twice.
        var mayBeOverwritten = false
        /// A fence took the tap of its domain, which has not ended since.
        var hasLostTap = false
        /// People were told of a domain that the store does not assign here.
        var isReported = false
    }

    static let farm = FarmID(bits: 0xabcdef)
    static let node = NodeID(1)

    var mutant: Mutant?
    var policy: NodePolicy
    var machine: NodeMachine
    var polls: NodePolls
    /// Another machine that hears the same, but reads what changed only; nil for none.
    var twin: ReadingTwin?
    var now = Instant.start
    var pending: [Pending] = []

    /// The product's own rows, with the product's own rules.
    var ledger: FarmLedger
    let vms: [VMID]
    var domains: [VMID: Domain] = [:]
    var taps: Set<VMID> = []
    var filters: Set<VMID> = []
    var secrets: Set<VMID> = []
    var overlays: Set<VMID> = []
    /// Domains that a lost create will still make.
    var lateCreates: [VMID: Epoch] = [:]
    /// Calls to the store that were given up and may still take effect.
    var lateCalls: [Call] = []
    /// How many secrets were drawn; each names a begin.
    var secretsDrawn = 0
    var ghosts: [VMID: Ghost] = [:]
    /// How much harm may still be done.
    var budget: Int
    var wasHurt = false
    /// How often the node may still be told to fence.
    var fencesLeft = 0
    var hasFenced = false
    var violation: String?

    /// Planted faults that the checks must find.
    enum Mutant: Hashable, CaseIterable {
        case filterGoesBeforeDomain, looksMissDomains, answersVanish, rowsRunAhead, disksComeBeforeBegin
    }

    init(vms: Int, slots: Int, budget: Int, mutant: Mutant? = nil) {
        policy = NodePolicy()
        policy.heavyMax = slots
        policy.readEvery = .seconds(10)
        policy.limits.restartsMax = 1
        policy.limits.pingAfterAnswer = .seconds(30)
        machine = NodeMachine(farm: Self.farm, node: Self.node, policy: policy)
        polls = NodePolls(policy, from: now)
        self.budget = budget
        self.mutant = mutant
        ledger = Self.ledger(vms: vms)
        self.vms = (1...Int64(vms)).map { VMID($0) }
        for vm in self.vms { ghosts[vm] = Ghost() }
    }

    // MARK: The machine

    mutating func startDaemon() {
        machine = NodeMachine(farm: Self.farm, node: Self.node, policy: policy)
        polls = NodePolls(policy, from: now)
        if twin != nil { twin = ReadingTwin(machine) }
        hear(.started)
    }

    mutating func deliver(_ event: NodeEvent) {
        now = now.advanced(by: .nanoseconds(1))
        hear(event)
    }

    private mutating func hear(_ event: NodeEvent) {
        let actions = machine.receive(event, at: now, wall: WallTime(seconds: 0))
        if let words = twin?.difference(after: event, at: now, from: machine, actions) { violation = words }
        take(actions)
        if machine.mode == .fenced { joinAfterFencing() }
    }

    /// The daemon ends when it has fenced; its supervisor starts it again.
    private mutating func joinAfterFencing() {
        hasFenced = true
        for (vm, domain) in domains where !domain.isStray { violation = "fenced: VM \(vm) still lives" }
        if pending.contains(where: \.isCreate) { violation = "fenced: a domain is still being made" }
        crash(createsLate: false)
    }

    private mutating func take(_ actions: [NodeAction]) {
        for action in actions {
            switch action {
            case .readStore(let vms, let number): pending.append(.init(call: .read(vms, number: number)))
            case .endDomain(let plan):
                if plan.epoch >= (row(plan.vm.id)?.intent.epoch ?? .none), row(plan.vm.id)?.intent.node == Self.node {
                    violation = "wrong kill: VM \(plan.vm.id) is ended, and it is wanted"
                }
                pending.append(.init(call: .endDomain(plan.vm.id, plan.epoch)))
            case .look(let source, let number): pending.append(.init(call: .look(source, number: number)))
            case .perform(let effect, let id, let plan):
                checkBeforePerforming(effect, id, plan)
                if mutant == .filterGoesBeforeDomain, effect == .undo(.domain) { filters.remove(id.vm) }
                if mutant == .answersVanish, effect == .build(.reservation) { continue }
                if effect == .begin {
                    pending.append(.init(call: .begin(id, plan.epoch, plan.triedSecret ?? drawSecret())))
                    if mutant == .disksComeBeforeBegin { overlays.insert(id.vm) }
                    continue
                }
                pending.append(.init(call: .perform(effect, id, plan.epoch, request: plan.request)))
            case .report(let observation, let vm, let epoch):
                var said = observation
                if mutant == .rowsRunAhead, said.state == .starting { said.state = .running }
                pending.append(.init(call: .report(said, vm, epoch)))
            case .repairFilter(let plan): pending.append(.init(call: .repair(plan.vm.id)))
            case .collect(let leftover): pending.append(.init(call: .collect(leftover)))
            case .announce(.domainWithoutRow(_, let vm)): ghosts[vm]?.isReported = true
            case .reportRunning: pending.append(.init(call: .reportRunning))
            case .announceReady, .announce: break
            case .deleteUserDisk, .postponeDeletion: preconditionFailure("no disk is wanted deleted here")
            }
        }
    }

    // MARK: Carrying out

    /// Carries a call out as it should be, and says what the machine will hear.
    mutating func carryOut(_ call: Call) -> NodeEvent {
        switch call {
        case .begin(let id, let epoch, let secret): return .began(id, begin(id.vm, epoch, secret))
        case .perform(.release(let failure), let id, let epoch, let request):
            release(id.vm, epoch, request, failure?.words)
            return .finished(id, .done)
        case .perform(let effect, let id, let epoch, _): return .finished(id, perform(effect, id.vm, epoch))
        case .report(let observation, let vm, let epoch): return .reported(vm, report(observation, vm, epoch))
        case .reportRunning: return .runningReported(true)
        case .read(let vms, let number):
            twin?.read(vms, number, ledger)
            do {
                return .read(try ledger.desiredState(of: Self.node, about: vms), number: number)
            } catch {
                return .readFailed("\(error)", number: number)
            }
        case .look(let source, let number): return .looked(found.inventory(of: source), number: number)
        case .endDomain(let vm, let epoch):
            if let domain = domains[vm], domain.epoch <= epoch { endDomain(vm, heardAs: .destroyed) }
            return .tick
        case .repair(let vm):
            filters.insert(vm)
            return .repaired(vm)
        case .collect(let leftover):
            collect(leftover)
            return .collected(leftover)
        case .heard(let vm, let reason):
            return .hypervisor(.stopped(DomainName(farm: Self.farm, vm: vm), reason))
        case .changed: return .storeChanged
        }
    }

    private mutating func perform(_ effect: VMEffect, _ vm: VMID, _ epoch: Epoch) -> PortOutcome {
        switch effect {
        case .build(let step): return build(step, vm, epoch)
        case .undo(let step):
            undo(step, vm)
            return .done
        case .ping: return domains[vm] == nil ? .failed("no answer") : .done
        case .askPowerOff, .askShutdown:
            guard domains[vm] != nil else { return .failed("not running") }
            domains[vm]?.isPoweringOff = true
            return .done
        case .begin, .release: preconditionFailure("\(effect) is the store's")
        }
    }

    private mutating func build(_ step: StartStep, _ vm: VMID, _ epoch: Epoch) -> PortOutcome {
        switch step {
        case .disks:
            if let domain = domains[vm], !domain.isStray {
                violation = "disk-safe: new overlay under a live domain"
            }
            overlays.insert(vm)
        case .tap: taps.insert(vm)
        case .filter: filters.insert(vm)
        case .reservation: break
        case .secret: secrets.insert(vm)
        case .domain:
            guard domains[vm] == nil else { return .failed("runs already") }
            guard taps.contains(vm) else { return .failed("no tap") }
            domains[vm] = Domain(epoch: epoch)
        }
        return .done
    }

    private mutating func undo(_ step: StartStep, _ vm: VMID) {
        switch step {
        case .disks:
            if let domain = domains[vm], !domain.isStray {
                violation = "disk-safe: overlay of a live domain removed"
            }
            overlays.remove(vm)
        case .tap: taps.remove(vm)
        case .filter: filters.remove(vm)
        case .reservation: break
        case .secret: secrets.remove(vm)
        case .domain: endDomain(vm, heardAs: .destroyed)
        }
    }

    mutating func endDomain(_ vm: VMID, heardAs reason: StopReason?) {
        guard domains.removeValue(forKey: vm) != nil else { return }
        ghosts[vm]?.hasLostTap = false
        pending.removeAll { if case .heard(vm, _) = $0.call { true } else { false } }
        if let reason { pending.append(.init(call: .heard(vm, reason))) }
    }

    private mutating func collect(_ leftover: Leftover) {
        switch leftover {
        case .tap(let name):
            taps.remove(name.vm)
            if domains[name.vm] != nil { ghosts[name.vm]?.hasLostTap = true }
        case .filter(let name): filters.remove(name.vm)
        case .secret(let vm): secrets.remove(vm)
        case .overlays(let vm): overlays.remove(vm)
        case .definition: break
        case .domain(let vm): endDomain(vm, heardAs: .destroyed)
        }
    }

    private var found: FoundOnNode {
        var view = FoundOnNode()
        for vm in domains.keys.sorted() where mutant != .looksMissDomains {
            let owner = DomainOwner(
                farm: Self.farm, node: Self.node, vm: vm, epoch: domains[vm]?.epoch ?? .none)
            view.domains.append(
                ObservedDomain(name: DomainName(farm: Self.farm, vm: vm), owner: owner, state: .running))
        }
        view.taps = taps.sorted().map { ObservedTap(name: name($0), isUp: true, isOnBridge: true) }
        view.filters = filters.sorted().map { ObservedFilter(tap: name($0), isComplete: true) }
        view.overlays = overlays.sorted()
        view.secrets = secrets.sorted()
        return view
    }

    private func name(_ vm: VMID) -> TapName { TapName(farm: Self.farm, node: Self.node, vm: vm) }
}

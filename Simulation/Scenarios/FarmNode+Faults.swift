import FarmModel
import SimulatedPorts
import Simulator

/// What goes wrong on a node, and how it ends.
extension FarmNode {
    func begin(_ fault: ProcessFault, lasts: Int64) {
        switch fault {
        case .kill(let kind, let calls):
            guard let life = state.value.lives[kind], life.isAlive else { return }
            guard let calls else { return kill(kind, restartAfter: lasts) }
            simulation.scheduleKill(life, afterSteps: calls) { [self] operation in
                simulation.mark(.killedDuring(kind, operation))
                kill(kind, restartAfter: lasts)
            }
        case .terminate(let kind): terminate(kind, restartAfter: lasts)
        case .fence: fence(restartAfter: lasts)
        case .freeze(let kind):
            guard let life = state.value.lives[kind], life.isAlive else { return }
            life.executor.freeze()
            simulation.mark(.frozen(kind))
            simulation.executor.schedule(at: now + lasts) { life.executor.thaw() }
        }
    }

    /// Those that last and are kept on the `FaultBoard` are begun there.
    func begin(_ fault: NodeFault, lasts: Int64) {
        switch fault {
        case .ofNode(.dhcpDies):
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.change { $0.isAddressServiceUp = true } }
        case .ofVM(.emulatorFreezes, let vm):
            guard let name = host.liveName(of: vm) else { return }
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.setFrozen(name, false) }
        case .ofVM(.domainPauses, let vm):
            guard let name = host.liveName(of: vm) else { return }
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.setPaused(name, false) }
        case .ofNode(.clockFast):
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host, simulation] in
                host.clock.run(1000, from: simulation.now)
            }
        case .ofNode(.clockJumps):
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.clock.setWall(ahead: 0) }
        case .ofNode(.nodeSuspends): suspend(fault, for: lasts)
        case .ofNode(.bridgeDown):
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.bridgeComesUp() }
        case .ofNode(.powerLoss):
            // Nobody is left to be told of anything.
            for kind in ProcessKind.allCases { kill(kind, restartAfter: lasts) }
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.powerReturns() }
        case .ofNode(.hypervisorRestarts):
            inject(fault)
            simulation.executor.schedule(at: now + lasts) { [host] in host.tellConnection(isLost: false) }
        default: inject(fault)
        }
    }

    private func suspend(_ fault: NodeFault, for lasts: Int64) {
        let asleep = ProcessKind.allCases.compactMap { life($0) }.filter(\.isAlive)
        for life in asleep { life.executor.freeze() }
        inject(fault)
        let domains = host.state.sortedDomains.filter(\.isLive).map(\.name)
        simulation.executor.schedule(at: now + lasts) { [host] in
            for life in asleep { life.executor.thaw() }
            for name in domains { host.setFrozen(name, false) }
        }
    }

    private func inject(_ fault: NodeFault) {
        if host.inject(fault) { simulation.mark(.injected(fault.word)) }
    }

    /// All faults end, and the dead rise.
    func heal() {
        host.change {
            $0.isAddressServiceUp = true
            $0.stuckBoots = []
            $0.network.bridge?.isUp = true
            // A node too small for its VMs can never serve all of them at once.
            $0.memory = Mebibytes(1 << 24)
        }
        host.clock.run(1000, from: now)
        host.clock.setWall(ahead: 0)
        for domain in host.state.sortedDomains {
            host.setPaused(domain.name, false)
            if domain.isFrozen { host.setFrozen(domain.name, false) }
        }
        for kind in ProcessKind.allCases {
            if let life = state.value.lives[kind], life.isAlive {
                life.executor.thaw()
                simulation.cancelKill(life)
            } else {
                start(kind)
            }
        }
    }
}

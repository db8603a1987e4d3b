package import FarmModel

/// What can befall a node's things from outside.
extension SimulatedHost {
    /// Carries out a fault of one moment; those that last are kept on the `FaultBoard`.
    ///
    /// - Returns: whether there was anything for it to befall.
    @discardableResult
    package func inject(_ fault: NodeFault) -> Bool {
        switch fault {
        case .ofVM(.guestNeverBoots, let vm):
            change { _ = $0.stuckBoots.insert(vm) }
            return true
        case .ofVM(.filterFlushed, let vm): return flushFilters(of: vm)
        case .ofVM(.tapDeleted, let vm):
            let taps = read { $0.network.taps.keys.sorted() }.filter { $0.vm == vm }
            for tap in taps { deleteTap(tap) }
            return !taps.isEmpty
        case .ofImage(.missing, let file): return change { $0.disks.images.removeValue(forKey: file) != nil }
        case .ofImage(.corrupt, let file):
            change { $0.disks.images[file]?.isCorrupt = true }
            return read { $0.disks.images[file] != nil }
        case .ofNode(.dhcpDies):
            change { $0.isAddressServiceUp = false }
            return true
        case .ofNode(.bridgeDown):
            change(.network) { $0.network.bridge?.isUp = false }
            return true
        case .ofNode(.powerLoss):
            losePower()
            return true
        case .ofNode(.hypervisorRestarts):
            tellConnection(isLost: true)
            return true
        case .ofVM(.dhcpStale, let vm):
            return change(.definitions) { truth in
                guard let index = truth.reservations.firstIndex(where: { $0.vm == vm }) else { return false }
                // No card of the farm has such an address.
                truth.reservations[index].mac = MACAddress(bits: truth.reservations[index].mac.bits ^ 1 << 40)
                return true
            }
        case .ofNode(.clockFast):
            clock.run(1100, from: simulation.now)
            return true
        case .ofNode(.clockJumps):
            clock.setWall(ahead: 3600)
            return true
        case .ofNode(.nodeSuspends):
            for domain in state.sortedDomains where domain.isLive { setFrozen(domain.name, true) }
            return true
        case .ofNode(.diskFull), .ofVM(.agentSilent, _): return false
        case .ofVM(let fate, let vm):
            guard let name = liveName(of: vm) else { return false }
            inject(name, fate)
            return true
        }
    }

    private func inject(_ name: DomainName, _ fate: VMFate) {
        switch fate {
        case .domainDies: endDomain(name, .crashed)
        case .guestHangs: changeGuest(name) { $0.isHung = true }
        case .emulatorFreezes: setFrozen(name, true)
        case .sessionEnds: endSession(name, as: .stopped)
        case .guestPowersOff: guestPowersOff(name)
        case .guestTurnsHostile: guestTurnsHostile(name)
        case .domainPauses: setPaused(name, true)
        case .agentSilent, .guestNeverBoots, .filterFlushed, .tapDeleted, .dhcpStale: break
        }
    }

    /// Everything that is not on a disk is gone; of what was being written, some is torn. The processes are the
    /// caller's.
    private func losePower() {
        for domain in state.sortedDomains where domain.isLive { endDomain(domain.name, .crashed) }
        change { truth in
            truth.network.taps = [:]
            truth.network.filters = [:]
            truth.network.unlearnAll()
            truth.network.flushed = []
            truth.secrets = [:]
            truth.isAddressServiceUp = false
            if simulation.guestChance(perMille: 500), !truth.reservations.isEmpty { truth.reservations.removeLast() }
        }
    }

    /// The node boots: its network is made, and its services are started.
    package func powerReturns() { change { $0.isAddressServiceUp = true } }

    package func bridgeComesUp() { change(.network) { $0.network.bridge?.isUp = true } }

    private func flushFilters(of vm: VMID) -> Bool {
        change { truth in
            let taps = truth.network.filters.keys.filter { $0.vm == vm }
            for tap in taps {
                truth.network.filters[tap] = nil
                truth.network.flushed.insert(tap)
            }
            return !taps.isEmpty
        }
    }

    /// Stops an emulator, or lets it go on: the guest's plans of that time happen when it goes on.
    package func setFrozen(_ name: DomainName, _ isFrozen: Bool) {
        change(.domains) { truth in
            guard truth.domains[name]?.isLive == true else { return }
            truth.domains[name]!.isFrozen = isFrozen
        }
    }

    /// The hypervisor pauses a domain, or lets it go on: its monitor answers all the same.
    package func setPaused(_ name: DomainName, _ isPaused: Bool) {
        change(.domains) { truth in
            guard let state = truth.domains[name]?.state, state == (isPaused ? .running : .paused) else { return }
            truth.domains[name]!.state = isPaused ? .paused : .running
        }
    }

    /// The live domain of a VM.
    package func liveName(of vm: VMID) -> DomainName? {
        read { truth in
            truth.domains.filter { $0.value.isLive && $0.value.specification.owner.vm == vm }.keys.min()
        }
    }
}

package import FarmModel

/// What can befall a node's things from outside.
extension SimulatedHost {
    /// Carries out a fault of one moment; those that last are kept on the `FaultBoard`.
    ///
    /// - Returns: whether there was anything for it to befall.
    @discardableResult
    package func inject(_ kind: Fault.Kind) -> Bool {
        switch kind {
        case .guestNeverBoots(let vm):
            change { _ = $0.stuckBoots.insert(vm) }
            return true
        case .filterFlushed(let vm): return flushFilters(of: vm)
        case .tapDeleted(let vm):
            let taps = read { $0.network.taps.keys.sorted() }.filter { $0.vm == vm }
            for tap in taps { deleteTap(tap) }
            return !taps.isEmpty
        case .imageMissing(let file): return change { $0.disks.images.removeValue(forKey: file) != nil }
        case .imageCorrupt(let file):
            change { $0.disks.images[file]?.isCorrupt = true }
            return read { $0.disks.images[file] != nil }
        case .domainDies(let vm), .guestHangs(let vm), .emulatorFreezes(let vm), .sessionEnds(let vm),
            .guestPowersOff(let vm), .guestTurnsHostile(let vm):
            guard let name = liveName(of: vm) else { return false }
            inject(name, kind)
            return true
        case .slow, .failing, .hanging, .eventsLost, .eventsDoubled, .diskFull, .agentSilent, .addressServiceDies,
            .kill, .terminate, .freeze:
            return false
        }
    }

    private func inject(_ name: DomainName, _ kind: Fault.Kind) {
        switch kind {
        case .domainDies: endDomain(name, .crashed)
        case .guestHangs: changeGuest(name) { $0.isHung = true }
        case .emulatorFreezes: setFrozen(name, true)
        case .sessionEnds: endSession(name, as: .stopped)
        case .guestPowersOff: guestPowersOff(name)
        default: guestTurnsHostile(name)
        }
    }

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

    /// A user saves something on the VM's user disk.
    package func userSaves(in vm: VMID) {
        change { $0.disks.userDisks[vm]?.writes += 1 }
    }

    /// Stops an emulator, or lets it go on: the guest's plans of that time happen when it goes on.
    package func setFrozen(_ name: DomainName, _ isFrozen: Bool) {
        change(.domains) { truth in
            guard truth.domains[name]?.isLive == true else { return }
            truth.domains[name]!.isFrozen = isFrozen
        }
    }

    /// The live domain of a VM.
    package func liveName(of vm: VMID) -> DomainName? {
        read { truth in
            truth.domains.filter { $0.value.isLive && $0.value.specification.owner.vm == vm }.keys.min()
        }
    }
}

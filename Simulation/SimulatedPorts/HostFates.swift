package import FarmModel

/// What can befall a node's things from outside.
extension SimulatedHost {
    /// Carries out a fault of one moment; those that last are kept on the `FaultBoard`.
    package func befall(_ kind: Fault.Kind) {
        switch kind {
        case .domainDies(let vm): liveName(of: vm).map { endDomain($0, .crashed) }
        case .guestHangs(let vm): liveName(of: vm).map { changeGuest($0) { $0.isHung = true } }
        case .guestNeverBoots(let vm): change { _ = $0.stuckBoots.insert(vm) }
        case .sessionEnds(let vm): liveName(of: vm).map { endSession($0, as: .stopped) }
        case .guestPowersOff(let vm): liveName(of: vm).map { guestPowersOff($0) }
        case .guestTurnsHostile(let vm): liveName(of: vm).map { guestTurnsHostile($0) }
        case .filterFlushed(let vm):
            change { truth in
                for tap in truth.network.filters.keys.sorted() where tap.vm == vm {
                    truth.network.filters[tap] = nil
                    truth.network.flushed.insert(tap)
                }
            }
        case .tapDeleted(let vm):
            for tap in read({ $0.network.taps.keys.sorted() }) where tap.vm == vm { deleteTap(tap) }
        case .imageMissing(let file): change { $0.disks.images[file] = nil }
        case .imageCorrupt(let file): change { $0.disks.images[file]?.isCorrupt = true }
        case .slow, .failing, .hanging, .eventsLost, .eventsDoubled, .diskFull, .agentSilent, .addressServiceDies,
            .kill, .freeze:
            break
        }
    }

    /// A user saves something on the VM's user disk.
    package func userSaves(in vm: VMID) {
        change { $0.disks.userDisks[vm]?.writes += 1 }
    }

    private func liveName(of vm: VMID) -> DomainName? {
        read { truth in
            truth.domains.filter { $0.value.isLive && $0.value.specification.owner.vm == vm }.keys.min()
        }
    }
}

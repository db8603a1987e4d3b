import FarmModel
import FarmRules
import SimulatedPorts

/// `disk-safe`: base images are only read, no disk has two writers, and what is kept stays the same disk, with all that
/// was written to it. A user disk goes only while an administrator's wish to delete it stands in the store.
final class DiskChecker {
    private let world: World
    /// What each user disk was when last seen: generation, and what was saved on it.
    private var userDisks: [VMID: HostDisks.UserDisk] = [:]
    /// What each overlay was when last seen; only of farms that keep overlays.
    private var overlays: [VMID: [ImageID: HostDisks.Overlay]] = [:]
    /// Which VM's domain writes to which disk, and the disks of each.
    private var writers: [String: VMID] = [:]
    private var written: [VMID: [String]] = [:]

    init(_ world: World) { self.world = world }

    /// The disks of these VMs, or their domains' use of them, may be others than at the last look.
    func check(_ vms: [VMID]) -> Violation? {
        if let found = writtenImage() { return found }
        for vm in vms {
            let disks = world.storage.disks
            if let found = lostUserDisk(vm, disks) ?? lostOverlay(vm, disks) { return found }
            note(vm, disks)
        }
        for vm in vms {
            for path in written.removeValue(forKey: vm) ?? [] where writers[path] == vm { writers[path] = nil }
            for node in world.nodes {
                let running = node.host.read { $0.domains[world.domainName(of: vm)]?.running }
                if let found = writes(running) { return found }
            }
        }
        return nil
    }

    /// Anything may be another than at the last look.
    func checkAll() -> Violation? {
        if let found = writtenImage() { return found }
        let disks = world.storage.disks
        for vm in Set(userDisks.keys).union(overlays.keys).sorted() {
            if let found = lostUserDisk(vm, disks) ?? lostOverlay(vm, disks) { return found }
        }
        for vm in Set(userDisks.keys).union(overlays.keys).union(disks.userDisks.keys).union(disks.overlays.keys) {
            note(vm, disks)
        }
        writers = [:]
        written = [:]
        for node in world.nodes {
            for domain in node.host.state.sortedDomains {
                if let found = writes(domain.running) { return found }
            }
        }
        return nil
    }

    private func note(_ vm: VMID, _ disks: HostDisks) {
        userDisks[vm] = disks.userDisks[vm]
        if world.plan.farm.keepsOverlay { overlays[vm] = disks.overlays[vm] }
    }

    private func writtenImage() -> Violation? {
        for (file, image) in world.storage.disks.images where image.writes > 0 {
            return Violation("disk-safe", at: world.now, "the base image \(file) was written to")
        }
        return nil
    }

    private func lostUserDisk(_ vm: VMID, _ disks: HostDisks) -> Violation? {
        guard let was = userDisks[vm] else { return nil }
        guard let present = disks.userDisks[vm] else {
            // The wish stands until the store is told that it is fulfilled, which comes later.
            if world.store.look({ $0.diskDeletion(of: UserDiskID(vm: vm, storage: .standard)) }) != nil { return nil }
            return Violation("disk-safe", at: world.now, vm: vm, "the user disk of VM \(vm) is gone")
        }
        if present.generation != was.generation || present.writes < was.writes {
            return Violation("disk-safe", at: world.now, vm: vm, "the user disk of VM \(vm) was made anew")
        }
        return nil
    }

    /// A kept overlay ends with its VM, or when the VM starts from another image.
    private func lostOverlay(_ vm: VMID, _ disks: HostDisks) -> Violation? {
        let present = disks.overlays[vm] ?? [:]
        for (image, was) in overlays[vm] ?? [:] {
            if let now = present[image] {
                guard now.generation != was.generation || !now.marks.isSuperset(of: was.marks) else { continue }
                return Violation(
                    "disk-safe", at: world.now, vm: vm,
                    "the kept overlay of VM \(vm) was replaced by a fresh one: generation \(was.generation) with"
                        + " \(was.marks.count) marks by \(now.generation) with \(now.marks.count)")
            }
            guard present.isEmpty, world.store.look({ $0.vm(vm) != nil }) else { continue }
            return Violation("disk-safe", at: world.now, vm: vm, "the kept overlay of VM \(vm) is gone")
        }
        return nil
    }

    private func writes(_ running: DomainSpecification?) -> Violation? {
        guard let running else { return nil }
        let vm = running.owner.vm
        for path in running.disks.all.map(\.path) {
            if let other = writers.updateValue(vm, forKey: path) {
                return Violation(
                    "disk-safe", at: world.now, vm: other, "\(path) has two writers: VMs \(other) and \(vm)")
            }
            written[vm, default: []].append(path)
        }
        return nil
    }
}

import FarmModel
import FarmRules
import SimulatedPorts

/// `disk-safe`: base images are only read, no disk has two writers, and what is kept stays the same disk, with all that
/// was written to it.
final class DiskChecker {
    private let world: World
    /// What each user disk was when last seen: generation, and what was saved on it.
    private var userDisks: [VMID: HostDisks.UserDisk] = [:]
    private var deletions: [VMID: Int] = [:]
    /// What each overlay was when last seen; only of farms that keep overlays.
    private var overlays: [VMID: [ImageID: HostDisks.Overlay]] = [:]

    init(_ world: World) { self.world = world }

    /// After each event that changed disks or domains' use of them.
    func check() -> Violation? {
        let disks = world.storage.disks
        for (file, image) in disks.images where image.writes > 0 {
            return Violation("disk-safe", at: world.now, "the base image \(file) was written to")
        }
        if let found = lostUserDisk(disks) ?? lostOverlay(disks) { return found }
        userDisks = disks.userDisks
        deletions = disks.deletedUserDisks
        if world.plan.farm.keepsOverlay { overlays = disks.overlays }
        return writers()
    }

    private func lostUserDisk(_ disks: HostDisks) -> Violation? {
        for (vm, was) in userDisks {
            let ordered = disks.deletedUserDisks[vm] ?? 0
            if ordered > deletions[vm] ?? 0 { continue }
            guard let present = disks.userDisks[vm] else {
                return Violation("disk-safe", at: world.now, vm: vm, "the user disk of VM \(vm) is gone")
            }
            if present.generation != was.generation || present.writes < was.writes {
                return Violation("disk-safe", at: world.now, vm: vm, "the user disk of VM \(vm) was made anew")
            }
        }
        return nil
    }

    /// A kept overlay ends with its VM, or when the VM starts from another image.
    private func lostOverlay(_ disks: HostDisks) -> Violation? {
        for (vm, before) in overlays {
            let present = disks.overlays[vm] ?? [:]
            for (image, was) in before {
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
        }
        return nil
    }

    private func writers() -> Violation? {
        var writers: [String: VMID] = [:]
        for node in world.nodes {
            for domain in node.host.state.domains.values {
                guard let running = domain.running else { continue }
                for path in [running.overlayPath, running.userDiskPath].compactMap({ $0 }) {
                    if let other = writers.updateValue(running.owner.vm, forKey: path) {
                        return Violation(
                            "disk-safe", at: world.now, vm: other,
                            "\(path) has two writers: VMs \(other) and \(running.owner.vm)")
                    }
                }
            }
        }
        return nil
    }
}

import FarmModel

/// The file name of a disk, which says whose it is: `<farm>-<vm>-<image>.qcow2` for an overlay and
/// `<farm>-<vm>.raw` for a user disk.
enum DiskName: Sendable, Hashable {
    case overlay(vm: VMID, image: ImageID)
    case user(vm: VMID)

    func file(of farm: FarmID) -> String {
        switch self {
        case .overlay(let vm, let image): "\(farm)-\(vm)-\(image).qcow2"
        case .user(let vm): "\(farm)-\(vm).raw"
        }
    }

    /// Nil for any file that is no disk of this farm.
    init?(file: String, of farm: FarmID) {
        let isOverlay = file.hasSuffix(".qcow2")
        guard isOverlay || file.hasSuffix(".raw") else { return nil }
        let parts = file.dropLast(isOverlay ? 6 : 4).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == (isOverlay ? 3 : 2), parts[0] == farm.text, let vm = Int64(parts[1]) else {
            return nil
        }
        if isOverlay {
            guard let image = Int64(parts[2]) else { return nil }
            self = .overlay(vm: VMID(vm), image: ImageID(image))
        } else {
            self = .user(vm: VMID(vm))
        }
        guard self.file(of: farm) == file else { return nil }  // `007` and `+7` are not our numbers
    }

    var vm: VMID {
        switch self {
        case .overlay(let vm, _), .user(let vm): vm
        }
    }
}

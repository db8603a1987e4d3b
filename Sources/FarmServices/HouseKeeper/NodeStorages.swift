package import FarmModel
package import FarmPorts

/// The storages that a node has, each a port of its own with its own limits and promises: to add one is to add an entry
/// here, and no storage knows of another. All disks of a VM lie on the one that its row names.
package struct NodeStorages: Sendable {
    private let ports: [StorageID: any DiskStorage]

    /// - Parameter more: those besides the standard one.
    package init(standard: any DiskStorage, _ more: [StorageID: any DiskStorage] = [:]) {
        var ports = more
        ports[.standard] = standard
        self.ports = ports
    }

    /// Sorted.
    var ids: [StorageID] { ports.keys.sorted() }

    /// Nil for a storage that this node does not have.
    subscript(_ id: StorageID) -> (any DiskStorage)? { ports[id] }

    /// - Throws: `.notFound` for a storage that this node does not have.
    func storage(_ id: StorageID, attempt: String) throws(PortError) -> any DiskStorage {
        guard let port = ports[id] else {
            throw PortError(
                .rejected, .notFound, attempt: attempt,
                detail: "this node has no storage `\(id)`, only \(ids.map(\.text).joined(separator: ", ")); name it in"
                    + " path.storage.more of its node.conf, or use a node that has it")
        }
        return port
    }

    /// The overlays and user disks on all of them.
    func observe() async throws(PortError) -> [ObservedDisk] {
        var found: [ObservedDisk] = []
        for id in ids { found += try await ports[id]?.observe() ?? [] }
        return found
    }

    /// On all of them: of a VM without a row nobody knows where its disks lie. Idempotent.
    func removeOverlays(of vm: VMID) async throws(PortError) {
        for id in ids { try await ports[id]?.removeOverlays(of: vm) }
    }
}

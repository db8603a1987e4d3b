package import FarmModel
package import FarmPorts

/// Images, overlays and user disks in memory: one of the host's storages.
package struct SimulatedDiskStorage: DiskStorage {
    let host: SimulatedHost
    let gate: PortGate
    let id: StorageID
    /// What a fresh overlay takes, in bytes.
    static let overlayBytes: Int64 = 200 << 10

    package func inspect(imageFile: String) async throws(PortError) -> ImageFacts {
        let (host, id) = (host, id)
        return try await gate.call(.inspectImage, attempt: "looking at image \(imageFile)") { () throws(PortError) in
            try host.checkImage(imageFile, on: id, attempt: "looking at image \(imageFile)")
            let path = HostDisks.imagePath(imageFile, on: id)
            let boot = DirectBoot(
                kernelPath: path + ".kernel", initialRamdiskPath: path + ".initrd",
                commandLine: "root=/dev/vda rw console=ttyS0")
            let bringsKernel = host.read { $0[id].images[imageFile]?.bringsKernel == true }
            return ImageFacts(
                path: path, format: .qcow2, virtualSize: 8 << 30, directBoot: bringsKernel ? boot : nil)
        }
    }

    package func prepareOverlay(_ wanted: OverlaySpecification) async throws(PortError) -> DiskAttachment {
        let (host, id) = (host, id)
        let attempt = "making the overlay of VM \(wanted.vm) on \(wanted.imageFile)"
        return try await gate.call(.prepareOverlay, vm: wanted.vm, attempt: attempt) { () throws(PortError) in
            try host.checkImage(wanted.imageFile, on: id, attempt: attempt)
            let path = HostDisks.overlayPath(wanted.vm, wanted.image, on: id)
            try host.checkUnlocked(path, on: id, attempt: attempt)
            var mine = host.read { $0[id].overlays[wanted.vm] } ?? [:]
            let existing = mine[wanted.image]
            let isKept = wanted.keepsExisting && existing != nil && host.simulation.mutation != .remakesOverlays
            if !isKept {
                try host.takeSpace(Self.overlayBytes, on: id, attempt: attempt)
            }
            host.change(.disks, of: wanted.vm) { truth in
                if !isKept {
                    truth[id].generations += 1
                    if existing != nil { truth[id].freeBytes += Self.overlayBytes }
                    mine[wanted.image] = HostDisks.Overlay(
                        image: wanted.image, imageFile: wanted.imageFile, generation: truth[id].generations)
                }
                truth[id].freeBytes += Int64(mine.count - 1) * Self.overlayBytes
                truth[id].overlays[wanted.vm] = mine.filter { $0.key == wanted.image }
            }
            return host.read { $0[id].overlay(wanted.vm, wanted.image) }
        }
    }

    package func ensureUserDisk(of vm: VMID, size: Mebibytes) async throws(PortError) -> DiskAttachment {
        let (host, id) = (host, id)
        let attempt = "making the user disk of VM \(vm)"
        return try await gate.call(.ensureUserDisk, vm: vm, attempt: attempt) { () throws(PortError) in
            let exists = host.read { $0[id].userDisks[vm] != nil }
            if !exists || host.simulation.mutation == .remakesUserDisks {
                // Sparse: a new disk takes one block.
                try host.takeSpace(4096, on: id, attempt: attempt)
                host.change(.disks, of: vm) { truth in
                    truth[id].generations += 1
                    truth[id].userDisks[vm] = HostDisks.UserDisk(
                        size: size, generation: truth[id].generations, writes: 0)
                }
            }
            return host.read { $0[id].userDisk(vm) }
        }
    }

    package func removeOverlays(of vm: VMID) async throws(PortError) {
        let (host, id) = (host, id)
        let attempt = "removing the overlays of VM \(vm)"
        try await gate.call(.removeOverlays, vm: vm, attempt: attempt) { () throws(PortError) in
            // Unlinking a file that an emulator holds open works, and leaves it writing into nothing.
            host.change(.disks, of: vm) { truth in
                let count = truth[id].overlays[vm]?.count ?? 0
                truth[id].freeBytes += Int64(count) * Self.overlayBytes
                truth[id].overlays[vm] = nil
            }
        }
    }

    package func deleteUserDisk(of vm: VMID) async throws(PortError) {
        let (host, id) = (host, id)
        try await gate.call(.deleteUserDisk, vm: vm, attempt: "deleting the user disk of VM \(vm)") {
            host.change(.disks, of: vm) { truth in
                truth[id].userDisks[vm] = nil
            }
        }
    }

    package func observe() async throws(PortError) -> [ObservedDisk] {
        let (host, id) = (host, id)
        return try await gate.call(.observeDisks, attempt: "listing disks") {
            let disks = host.read { $0[id] }
            var observed: [ObservedDisk] = []
            for vm in Set(disks.overlays.keys).union(disks.userDisks.keys).sorted() {
                for image in (disks.overlays[vm] ?? [:]).keys.sorted() {
                    observed.append(
                        ObservedDisk(
                            vm: vm, kind: .overlay(of: image), path: HostDisks.overlayPath(vm, image, on: id),
                            usedBytes: Self.overlayBytes))
                }
                if disks.userDisks[vm] != nil {
                    observed.append(
                        ObservedDisk(vm: vm, kind: .user, path: HostDisks.userDiskPath(vm, on: id), usedBytes: 4096))
                }
            }
            return observed
        }
    }

    package func space() async throws(PortError) -> StorageSpace {
        let (host, id) = (host, id)
        return try await gate.call(.space, attempt: "looking at free space") {
            let full = host.simulation.withFaults { $0.isDiskFull }
            return host.read {
                StorageSpace(freeBytes: full ? 0 : $0[id].freeBytes, totalBytes: $0[id].totalBytes)
            }
        }
    }
}

extension SimulatedHost {
    func checkImage(_ file: String, on id: StorageID, attempt: String) throws(PortError) {
        guard let image = read({ $0[id].images[file] }) else {
            simulation.mark(.imageWasMissing)
            throw PortError(.rejected, .notFound, attempt: attempt, detail: "no image file \(file)")
        }
        guard !image.isCorrupt else {
            simulation.mark(.imageWasCorrupt)
            throw PortError(.rejected, .corrupt, attempt: attempt, detail: "\(file) is no usable image")
        }
    }

    /// A live domain holds a lock on its overlay.
    func checkUnlocked(_ path: String, on id: StorageID, attempt: String) throws(PortError) {
        if let holder = read({ $0[id].locks[path] }) {
            throw PortError(
                .rejected, .busy, attempt: attempt,
                detail: "\(path) is in use by \(holder.domain) on node \(holder.node)")
        }
    }

    func takeSpace(_ bytes: Int64, on id: StorageID, attempt: String) throws(PortError) {
        let full = simulation.withFaults { $0.isDiskFull }
        let free = read { $0[id].freeBytes }
        guard !full, free >= bytes else {
            simulation.mark(.diskWasFull)
            throw PortError(
                .rejected, .noSpace, attempt: attempt, detail: "No space left on device; \(full ? 0 : free) bytes free")
        }
        change([]) { $0[id].freeBytes -= bytes }
    }
}

/// The guests' secret files in memory.
package struct SimulatedSecretFiles: SecretFiles {
    let host: SimulatedHost
    let gate: PortGate

    private static func path(_ vm: VMID) -> String { "/secrets/\(vm)" }

    package func hand(_ secret: AgentSecret, to vm: VMID) async throws(PortError) -> String {
        let host = self.host
        return try await gate.call(.handSecret, vm: vm, attempt: "writing the secret file of VM \(vm)") {
            host.change(.definitions) { $0.secrets[vm] = secret }
            return Self.path(vm)
        }
    }

    package func path(of vm: VMID) async throws(PortError) -> String? {
        let host = self.host
        return try await gate.call(.observeSecrets, vm: vm, attempt: "looking for the secret file of VM \(vm)") {
            host.read { $0.secrets[vm] == nil ? nil : Self.path(vm) }
        }
    }

    package func remove(of vm: VMID) async throws(PortError) {
        let host = self.host
        try await gate.call(.removeSecret, vm: vm, attempt: "removing the secret file of VM \(vm)") {
            host.change(.definitions) { $0.secrets[vm] = nil }
        }
    }

    package func observe() async throws(PortError) -> [VMID] {
        let host = self.host
        return try await gate.call(.observeSecrets, attempt: "listing secret files") {
            host.read { $0.secrets.keys.sorted() }
        }
    }
}

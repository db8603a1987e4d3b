package import FarmModel

/// One storage: base images, overlays and user disks. Base images are only ever read.
package protocol DiskStorage: Sendable {
    /// Looks at a base image. `.notFound` when the file is missing, `.corrupt` when it is no usable image.
    func inspect(imageFile: String) async throws(PortError) -> ImageFacts

    /// Makes the VM's overlay on its image and returns it. An existing overlay of the same image is kept or
    /// replaced as the specification says; overlays of other images of the VM are removed. A crash in between
    /// leaves no half-made overlay under the final name. `.noSpace` when the storage is full.
    func prepareOverlay(_ specification: OverlaySpecification) async throws(PortError) -> DiskAttachment

    /// Makes the VM's user disk if there is none, and returns it. One that exists is never touched, whatever
    /// its size. A crash in between leaves no half-made disk under the final name.
    func ensureUserDisk(of vm: VMID, size: Mebibytes) async throws(PortError) -> DiskAttachment

    /// Removes the VM's overlays. Idempotent.
    func removeOverlays(of vm: VMID) async throws(PortError)

    /// Removes the VM's user disk: only ever called for the explicit command to do so. Idempotent.
    func deleteUserDisk(of vm: VMID) async throws(PortError)

    /// Every overlay and user disk of this farm, sorted by VM, overlays first.
    func observe() async throws(PortError) -> [ObservedDisk]

    func space() async throws(PortError) -> StorageSpace
}

/// The 0600 files through which a guest gets its secret.
package protocol SecretFiles: Sendable {
    /// Writes the VM's secret (replacing an old one, atomically) and returns the file's path.
    func hand(_ secret: AgentSecret, to vm: VMID) async throws(PortError) -> String
    /// Where the VM's file is; nil when it has none.
    func path(of vm: VMID) async throws(PortError) -> String?
    /// Idempotent.
    func remove(of vm: VMID) async throws(PortError)
    /// VMs of this farm with a secret file, sorted.
    func observe() async throws(PortError) -> [VMID]
}

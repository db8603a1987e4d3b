package import FarmModel
package import FarmPorts

/// What a disk storage's contract suite needs around the port.
package protocol DiskStorageFixture: Sendable {
    associatedtype Port: DiskStorage

    /// On storage of at least 64 MiB with nothing of the farm in it.
    var port: Port { get }
    /// File names of two usable images of different content, without kernels beside them.
    var goodImages: [String] { get }
    /// One usable image with kernel and initial ramdisk beside it.
    var directBootImage: String { get }
    /// A name under which there is no image.
    var missingImage: String { get }
    /// Names under which there are files that are no usable images.
    var corruptImages: [String] { get }

    /// Writes the mark into the disk, as a guest would (an overlay stays an overlay of the same image).
    func write(_ mark: String, to disk: DiskAttachment) async throws
    /// Whether the disk holds that mark.
    func holds(_ mark: String, _ disk: DiskAttachment) async throws -> Bool
    /// Whether there is a file of this path.
    func exists(_ path: String) async throws -> Bool
    /// The image's content in a comparable form.
    func fingerprint(_ imageFile: String) async throws -> String
    /// Leaves no free byte on the storage.
    func fillUp() async throws
    /// Frees what `fillUp` took.
    func makeRoom() async throws
}

/// The promises of `DiskStorage`. Each check uses VMs of its own and cleans up what it made.
package struct DiskStorageContract<Fixture: DiskStorageFixture>: Sendable {
    let fixture: Fixture
    var port: Fixture.Port { fixture.port }

    package init(_ fixture: Fixture) { self.fixture = fixture }

    package var checks: [ContractCheck] {
        [
            ContractCheck("a good image is described") { try await goodImageIsDescribed() },
            ContractCheck("missing and corrupt images are told apart") { try await badImagesAreTold() },
            ContractCheck("an overlay is fresh unless it is to be kept") { try await overlayIsFreshOrKept() },
            ContractCheck("a new image replaces the overlay") { try await newImageReplacesOverlay() },
            ContractCheck("base images are never written") { try await basesAreNeverWritten() },
            ContractCheck("a user disk is made once and never touched") { try await userDiskIsMadeOnce() },
            ContractCheck("overlays and user disks go separately") { try await removalIsSeparate() },
            ContractCheck("observe lists what exists, sorted") { try await observeLists() },
            ContractCheck("a full storage is told and nothing half-made stays") {
                try await fullStorageIsTold()
            },
            ContractCheck("space is told") { try await spaceIsTold() },
        ]
    }

    func goodImageIsDescribed() async throws {
        for image in fixture.goodImages {
            let facts = try await port.inspect(imageFile: image)
            try require(facts.virtualSize > 0, "size of \(image)")
            try require(try await fixture.exists(facts.path), "no file at \(facts.path)")
            try require(facts.directBoot == nil, "\(image) has no kernel beside it")
        }
        let boot = try await port.inspect(imageFile: fixture.directBootImage).directBoot
        guard let boot else { throw ContractViolation("no direct boot for \(fixture.directBootImage)") }
        try require(try await fixture.exists(boot.kernelPath), "no kernel at \(boot.kernelPath)")
        try require(
            try await fixture.exists(boot.initialRamdiskPath), "no ramdisk at \(boot.initialRamdiskPath)")
        try require(boot.commandLine.contains("root=/dev/vda"), "command line: \(boot.commandLine)")
    }

    func badImagesAreTold() async throws {
        let bad =
            [(fixture.missingImage, PortError.Reason.notFound)] + fixture.corruptImages.map { ($0, .corrupt) }
        for (image, reason) in bad {
            let error = try await requireFailure(
                .rejected, reason, "inspect of \(image)",
                of: { () async throws(PortError) in try await port.inspect(imageFile: image) })
            try require(error.description.contains(image), "the error does not name \(image): \(error)")
            let specification = OverlaySpecification(
                vm: VMID(1), image: ImageID(1), imageFile: image, keepsExisting: false)
            try await requireFailure(
                .rejected, reason, "overlay on \(image)",
                of: { () async throws(PortError) in try await port.prepareOverlay(specification) })
        }
        try requireEqual(try await disks(of: VMID(1)), [], "disks after the refusals")
    }

    func overlayIsFreshOrKept() async throws {
        var specification = overlay(VMID(2), image: 0, keepsExisting: false)
        let disk = try await port.prepareOverlay(specification)
        if case .file(_, _, let base?) = disk {
            let facts = try await port.inspect(imageFile: fixture.goodImages[0])
            try requireEqual(base, DiskFile(path: facts.path, format: facts.format), "what the overlay stands on")
        }
        try await fixture.write("first", to: disk)
        specification.keepsExisting = true
        try requireEqual(try await port.prepareOverlay(specification), disk, "the kept overlay")
        try require(try await fixture.holds("first", disk), "the kept overlay lost what was written")
        specification.keepsExisting = false
        let fresh = try await port.prepareOverlay(specification)
        try require(try await !fixture.holds("first", fresh), "a fresh overlay holds what was written")
        specification.keepsExisting = true
        try await port.removeOverlays(of: VMID(2))
        let made = try await port.prepareOverlay(specification)
        try require(try await fixture.exists(made.path), "keeping nothing makes one")
        try await port.removeOverlays(of: VMID(2))
    }

    func newImageReplacesOverlay() async throws {
        let old = try await port.prepareOverlay(overlay(VMID(3), image: 0, keepsExisting: true))
        try await fixture.write("old", to: old)
        let new = try await port.prepareOverlay(overlay(VMID(3), image: 1, keepsExisting: true))
        try require(try await !fixture.holds("old", new), "the new image's overlay holds what was written")
        try requireEqual(
            try await disks(of: VMID(3)).map(\.kind), [.overlay(of: ImageID(11))], "disks after the new image"
        )
        try require(try await !fixture.exists(old.path) || old == new, "the old overlay is still there")
        try await port.removeOverlays(of: VMID(3))
    }

    func basesAreNeverWritten() async throws {
        let image = fixture.goodImages[0]
        let before = try await fixture.fingerprint(image)
        for vm in [VMID(4), VMID(5)] {
            let path = try await port.prepareOverlay(overlay(vm, image: 0, keepsExisting: false))
            try await fixture.write("of \(vm)", to: path)
        }
        try requireEqual(try await fixture.fingerprint(image), before, "fingerprint of \(image)")
        for vm in [VMID(4), VMID(5)] { try await port.removeOverlays(of: vm) }
        try requireEqual(try await fixture.fingerprint(image), before, "fingerprint of \(image) after removal")
    }

    func userDiskIsMadeOnce() async throws {
        let path = try await port.ensureUserDisk(of: VMID(6), size: Mebibytes(8))
        try await fixture.write("home", to: path)
        for size in [8, 16, 4] {
            let again = try await port.ensureUserDisk(of: VMID(6), size: Mebibytes(size))
            try requireEqual(again, path, "path of the disk that exists")
            try require(try await fixture.holds("home", path), "the user disk lost what was written")
        }
        try await port.deleteUserDisk(of: VMID(6))
    }

    func removalIsSeparate() async throws {
        let vm = VMID(7)
        _ = try await port.prepareOverlay(overlay(vm, image: 0, keepsExisting: false))
        let user = try await port.ensureUserDisk(of: vm, size: Mebibytes(8))
        try await fixture.write("home", to: user)
        try await port.removeOverlays(of: vm)
        try await port.removeOverlays(of: vm)
        try requireEqual(try await disks(of: vm).map(\.kind), [.user], "disks after the overlay went")
        try require(try await fixture.holds("home", user), "the user disk lost what was written")
        _ = try await port.prepareOverlay(overlay(vm, image: 0, keepsExisting: false))
        try await port.deleteUserDisk(of: vm)
        try await port.deleteUserDisk(of: vm)
        try requireEqual(
            try await disks(of: vm).map(\.kind), [.overlay(of: ImageID(10))], "disks after the user disk went"
        )
        try await port.removeOverlays(of: vm)
        try requireEqual(try await disks(of: vm), [], "disks at the end")
    }

    func observeLists() async throws {
        for vm in [VMID(9), VMID(8), VMID(10)] {
            _ = try await port.ensureUserDisk(of: vm, size: Mebibytes(8))
            _ = try await port.prepareOverlay(overlay(vm, image: 1, keepsExisting: false))
        }
        let all = try await port.observe()
        let wanted = [VMID(8), VMID(9), VMID(10)].flatMap { vm in
            [(vm, ObservedDisk.Kind.overlay(of: ImageID(11))), (vm, .user)]
        }
        try requireEqual(all.map(\.vm), wanted.map(\.0), "VMs of the disks")
        try requireEqual(all.map(\.kind), wanted.map(\.1), "kinds of the disks")
        for disk in all { try require(try await fixture.exists(disk.path), "no file at \(disk.path)") }
        for vm in [VMID(8), VMID(9), VMID(10)] {
            try await port.removeOverlays(of: vm)
            try await port.deleteUserDisk(of: vm)
        }
        try requireEqual(try await port.observe(), [], "disks at the end")
    }

    func fullStorageIsTold() async throws {
        let kept = try await port.prepareOverlay(overlay(VMID(11), image: 0, keepsExisting: true))
        try await fixture.write("kept", to: kept)
        try await fixture.fillUp()
        let specification = overlay(VMID(12), image: 0, keepsExisting: false)
        try await requireFailure(
            .rejected, .noSpace, "an overlay on a full storage",
            of: { () async throws(PortError) in try await port.prepareOverlay(specification) })
        try requireEqual(try await disks(of: VMID(12)), [], "disks after the refusal")
        try require(try await fixture.holds("kept", kept), "another VM's overlay lost what was written")
        try await fixture.makeRoom()
        _ = try await port.prepareOverlay(specification)
        for vm in [VMID(11), VMID(12)] { try await port.removeOverlays(of: vm) }
    }

    func spaceIsTold() async throws {
        let space = try await port.space()
        try require(space.totalBytes > 0, "total \(space.totalBytes)")
        try require((0...space.totalBytes).contains(space.freeBytes), "free \(space.freeBytes)")
    }

    // MARK: Steps

    private func overlay(_ vm: VMID, image: Int, keepsExisting: Bool) -> OverlaySpecification {
        OverlaySpecification(
            vm: vm, image: ImageID(Int64(10 + image)), imageFile: fixture.goodImages[image],
            keepsExisting: keepsExisting)
    }

    private func disks(of vm: VMID) async throws -> [ObservedDisk] {
        try await port.observe().filter { $0.vm == vm }
    }
}

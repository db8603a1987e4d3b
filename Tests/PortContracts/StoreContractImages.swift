import FarmModel
import FarmPorts

extension StoreContract {
    private static func tags(of image: ImageID, in store: any Store) async throws -> [String] {
        try await store.snapshot().images.first { $0.id == image }?.tags ?? ["(no such image)"]
    }

    static let images: [Case] = [
        (
            "an OSF has sensible sizes and one name per tenant",
            { store in
                let example = try await ExampleFarm(in: store)
                func add(_ name: String, memory: Int = 64, disk: Int = 0) -> AdministrationCommand {
                    .addOSF(
                        tenant: example.tenant, name: name, memory: Mebibytes(memory), userDiskSize: Mebibytes(disk),
                        keepsOverlay: true)
                }
                try await expectRefusal(store, add("Office"), .alreadyExists, naming: ["Office"])
                try await expectRefusal(store, add("x", memory: 63), .invalid, naming: ["63 MiB"])
                try await expectRefusal(store, add("x", disk: -1), .invalid)
                _ = try await store.perform(add("Büro <&\"'>"))
                try await expectRefusal(
                    store,
                    .setOSF(OSFID(2), name: "Office", memory: nil, userDiskSize: nil, keepsOverlay: nil), .alreadyExists
                )
                _ = try await store.perform(
                    .setOSF(OSFID(2), name: "Lab", memory: Mebibytes(512), userDiskSize: nil, keepsOverlay: false))
                let osf = try await store.snapshot().osfs.last
                try expectEqual(
                    osf,
                    OSFlavour(
                        id: OSFID(2), tenant: example.tenant, name: "Lab", memory: Mebibytes(512),
                        userDiskSize: Mebibytes(0), keepsOverlay: false))
                try await expectRefusal(store, .deleteOSF(example.osf), .inUse, naming: ["VM 1 (desk)"])
                _ = try await store.perform(.deleteOSF(OSFID(2)))
                _ = try await store.perform(.deleteVM(example.vm))
                try await expectRefusal(store, .deleteOSF(example.osf), .inUse, naming: ["1 images"])
            }
        ),
        (
            "versions are the day and a number; head is the newest, default the first",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectEqual(
                    try tags(of: example.image, in: store), ["2026-03-01-000", "default", "head"])
                _ = try await store.perform(.addImage(osf: example.osf, file: "b", version: nil, day: "2026-03-01"))
                _ = try await store.perform(.addImage(osf: example.osf, file: "c", version: "gold", day: "2026-03-02"))
                try await expectEqual(try tags(of: example.image, in: store), ["2026-03-01-000", "default"])
                try await expectEqual(try tags(of: ImageID(2), in: store), ["2026-03-01-001"])
                try await expectEqual(try tags(of: ImageID(3), in: store), ["gold", "head"])
            }
        ),
        (
            "an image that cannot be is refused",
            { store in
                let example = try await ExampleFarm(in: store)
                func add(_ file: String, _ version: String?, day: String = "2026-03-01") -> AdministrationCommand {
                    .addImage(osf: example.osf, file: file, version: version, day: day)
                }
                try await expectRefusal(store, add("b", "2026-03-01-000"), .alreadyExists)
                try await expectRefusal(store, add("b", "head"), .invalid, naming: ["head"])
                try await expectRefusal(store, add("office-1", nil), .alreadyExists, naming: ["office-1"])
                for bad in ["../b", "a/b", "", ".b", "a\nb"] { try await expectRefusal(store, add(bad, nil), .invalid) }
                try await expectRefusal(store, add("b", nil, day: "yesterday"), .invalid, naming: ["YYYY-MM-DD"])
                try await expectRefusal(
                    store, .addImage(osf: OSFID(9), file: "b", version: nil, day: "2026-03-01"), .notFound)
            }
        ),
        (
            "a tag moves, a version does not",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.addImage(osf: example.osf, file: "b", version: "two", day: "2026-03-01"))
                _ = try await store.perform(.tagImage(example.image, tag: "stable"))
                _ = try await store.perform(.tagImage(ImageID(2), tag: "stable"))
                _ = try await store.perform(.tagImage(ImageID(2), tag: "stable"))
                _ = try await store.perform(.tagImage(ImageID(2), tag: "default"))
                try await expectEqual(try tags(of: example.image, in: store), ["2026-03-01-000"])
                try await expectEqual(try tags(of: ImageID(2), in: store), ["default", "head", "stable", "two"])
                try await expectRefusal(store, .tagImage(example.image, tag: "two"), .invalid, naming: ["two"])
                try await expectRefusal(store, .tagImage(example.image, tag: "a b"), .invalid)
                for fixed in ["two", "default", "head"] {
                    try await expectRefusal(store, .untagImage(ImageID(2), tag: fixed), .invalid, naming: [fixed])
                }
                try await expectRefusal(store, .untagImage(ImageID(2), tag: "x"), .notFound, naming: ["stable"])
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: "stable", isBlocked: nil))
                try await expectRefusal(store, .untagImage(ImageID(2), tag: "stable"), .inUse, naming: ["desk"])
                _ = try await store.perform(.setVM(example.vm, name: nil, tag: "head", isBlocked: nil))
                _ = try await store.perform(.untagImage(ImageID(2), tag: "stable"))
                try await expectRefusal(
                    store, .setVM(example.vm, name: nil, tag: "stable", isBlocked: nil), .notFound, naming: ["two"])
            }
        ),
        (
            "an image in use, chosen by a VM, or holding default or head stays",
            { store in
                let example = try await ExampleFarm(in: store)
                try await expectRefusal(store, .deleteImage(example.image), .inUse, naming: ["desk"])
                _ = try await store.perform(.addImage(osf: example.osf, file: "b", version: "two", day: "2026-03-01"))
                _ = try await store.perform(.tagImage(ImageID(2), tag: "default"))
                // Now VM 1 would start image 2, but still runs on image 1.
                try await store.requestStart(example.vm, by: "test")
                try await store.report(
                    Observation(state: .running, image: example.image), of: example.vm, by: example.node,
                    epoch: Epoch(1))
                try await expectRefusal(store, .deleteImage(example.image), .inUse, naming: ["stop"])
                try await store.report(Observation(state: .stopped), of: example.vm, by: example.node, epoch: Epoch(1))
                try await expectRefusal(store, .deleteImage(ImageID(2)), .inUse)
                _ = try await store.perform(.setProperty(.image(example.image), key: "k", value: "v"))
                _ = try await store.perform(.deleteImage(example.image))
                try await expectEqual(try store.snapshot().properties, [:])
                try await expectEqual(try store.snapshot().images.map(\.id), [ImageID(2)])
                _ = try await store.perform(.setImage(ImageID(2), isBlocked: true))
                try await expectEqual(try store.snapshot().images.last?.isBlocked, true)
            }
        ),
        (
            "the last image of an OSF without VMs can go",
            { store in
                let example = try await ExampleFarm(in: store)
                _ = try await store.perform(.deleteVM(example.vm))
                _ = try await store.perform(.addImage(osf: example.osf, file: "b", version: "two", day: "2026-03-01"))
                try await expectRefusal(store, .deleteImage(example.image), .inUse, naming: ["default"])
                try await expectRefusal(store, .deleteImage(ImageID(2)), .inUse, naming: ["head"])
                _ = try await store.perform(.tagImage(example.image, tag: "head"))
                _ = try await store.perform(.deleteImage(ImageID(2)))
                _ = try await store.perform(.deleteImage(example.image))
                try await expectEqual(try store.snapshot().images, [])
                _ = try await store.perform(.addImage(osf: example.osf, file: "b", version: nil, day: "2026-03-01"))
                try await expectEqual(
                    try tags(of: ImageID(3), in: store), ["2026-03-01-000", "default", "head"])
            }
        ),
    ]
}

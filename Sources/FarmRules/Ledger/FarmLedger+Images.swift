package import FarmModel

extension FarmLedger: ImageRows {
    package func image(_ id: ImageID) -> DiskImage? { imageRows[id] }
    package func images() -> [DiskImage] { imageRows.all }
    package func images(of osf: OSFID) -> [DiskImage] { imageRows.all.filter { $0.osf == osf } }
    package func images(ofAny osfs: [OSFID]) -> [DiskImage] { imageRows.all.filter { osfs.contains($0.osf) } }

    package mutating func put(_ image: DiskImage) {
        countWrite()
        var image = image
        image.tags.sort()
        imageRows.put(image, at: image.id)
    }

    package mutating func remove(_ image: ImageID) {
        countWrite()
        imageRows.remove(image)
    }
}

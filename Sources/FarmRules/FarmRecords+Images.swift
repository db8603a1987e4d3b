import FarmModel

extension FarmRecords {
    func existing(_ id: ImageID) throws(LedgerError) -> DiskImage {
        guard let image = try image(id) else {
            throw .refuse(.notFound, .image(id), "there is no image \(id)", .list(.image))
        }
        return image
    }

    /// `image 4 (version 2026-01-01-000 of OSF Office)`.
    func title(of image: DiskImage) throws(LedgerError) -> String {
        "image \(image.id) (version \(image.version) of OSF \(try osf(image.osf)?.name ?? "?"))"
    }

    mutating func addImage(
        osf id: OSFID, file: String, version: String?, day: String
    ) throws(LedgerError) -> ImageID {
        let osf = try existing(id)
        try NameRules.imageFile(file)
        if let other = try images().first(where: { $0.file == file }) {
            throw .refuse(
                .alreadyExists, .image(other.id),
                "the file `\(file)` is already \(try title(of: other)); give the new one another name")
        }
        let siblings = try images(of: id)
        let taken = Set(siblings.flatMap(\.tags))
        let chosen: String
        if let version {
            try NameRules.version(version)
            guard !taken.contains(version) else {
                throw .refuse(
                    .alreadyExists, .osf(id),
                    "OSF `\(osf.name)` already has a version or tag `\(version)`; choose another")
            }
            chosen = version
        } else {
            chosen = try firstFreeVersion(day: day, taken: taken)
        }
        let number = ImageID(try nextNumber(of: .image))
        var tags = [chosen, ImageTag.head]
        if !taken.contains(ImageTag.standard) { tags.append(ImageTag.standard) }
        try take(ImageTag.head, from: siblings)
        try put(DiskImage(id: number, osf: id, file: file, version: chosen, tags: tags.sorted()))
        try tellChangeOfFlavours()
        return number
    }

    /// `YYYY-MM-DD-NNN`, the first NNN from 000 that the OSF does not have.
    private func firstFreeVersion(day: String, taken: Set<String>) throws(LedgerError) -> String {
        let parts = day.split(separator: "-", omittingEmptySubsequences: false)
        guard parts.map(\.count) == [4, 2, 2], parts.allSatisfy({ $0.allSatisfy(\.isASCIIDigit) }) else {
            throw .refuse(.invalid, .noun(.image), "\(quoted(day)) is no day; it must be YYYY-MM-DD")
        }
        for number in 0..<1000 {
            let version = "\(day)-\(String(1000 + number).dropFirst())"
            if !taken.contains(version) { return version }
        }
        throw .refuse(
            .rangeIsFull, .noun(.image), "the OSF has 1000 versions of \(day) already; name the version yourself")
    }

    mutating func setImage(_ id: ImageID, isBlocked: Bool) throws(LedgerError) {
        var image = try existing(id)
        image.isBlocked = isBlocked
        try put(image)
        try tellChangeOfFlavours()
    }

    mutating func tagImage(_ id: ImageID, tag: String) throws(LedgerError) {
        var image = try existing(id)
        try NameRules.tag(tag)
        let siblings = try images(of: image.osf)
        if let owner = siblings.first(where: { $0.version == tag }) {
            if owner.id == id { return }
            throw .refuse(
                .invalid, .image(owner.id),
                "`\(tag)` is the version of \(try title(of: owner)) and cannot move; choose another tag")
        }
        guard !image.tags.contains(tag) else { return }
        try take(tag, from: siblings)
        image.tags = (image.tags + [tag]).sorted()
        try put(image)
        try tellChangeOfFlavours()
    }

    private mutating func take(_ tag: String, from images: [DiskImage]) throws(LedgerError) {
        for var image in images where image.tags.contains(tag) {
            image.tags.removeAll { $0 == tag }
            try put(image)
        }
    }

    mutating func untagImage(_ id: ImageID, tag: String) throws(LedgerError) {
        var image = try existing(id)
        guard image.tags.contains(tag) else {
            throw .refuse(
                .notFound, .image(id),
                "\(try title(of: image)) has no tag \(quoted(tag)); its tags are \(image.tags.joined(separator: ", "))")
        }
        guard tag != image.version else {
            throw .refuse(
                .invalid, .image(id), "`\(tag)` is the version of image \(id), a fixed tag; it cannot be taken away")
        }
        guard tag != ImageTag.head, tag != ImageTag.standard else {
            throw .refuse(.invalid, .image(id), "`\(tag)` cannot be taken away", .moveTag(tag, from: id))
        }
        let users = try vms(of: image.osf).filter { $0.tag == tag }
        guard users.isEmpty else {
            throw .refuse(
                .inUse, .image(id), "tag `\(tag)` is used by \(listed(users))", .retag(users.prefix(100).map(\.id)))
        }
        image.tags.removeAll { $0 == tag }
        try put(image)
        try tellChangeOfFlavours()
    }

    mutating func deleteImage(_ id: ImageID) throws(LedgerError) {
        let image = try existing(id)
        let title = try title(of: image)
        let vms = try vms(of: image.osf)
        let running = vms.filter { $0.observation.image == id && $0.observation.state != .stopped }
        guard running.isEmpty else {
            throw .refuse(
                .inUse, .image(id), "\(title) is in use by \(listed(running))", .stop(running.prefix(100).map(\.id)))
        }
        let dependent = vms.filter { image.tags.contains($0.tag) }
        guard dependent.isEmpty else {
            throw .refuse(
                .inUse, .image(id), "\(title) is what \(listed(dependent)) will start next",
                .moveTag(dependent[0].tag, from: id), .retag(dependent.prefix(100).map(\.id)))
        }
        let isLast = try images(of: image.osf).count == 1
        if !isLast, let tag = [ImageTag.standard, ImageTag.head].first(where: image.tags.contains) {
            throw .refuse(.inUse, .image(id), "\(title) holds the tag `\(tag)`", .moveTag(tag, from: id))
        }
        try removeProperties(of: .image(id))
        try remove(id)
        try tellChangeOfFlavours()
    }
}

extension Character {
    var isASCIIDigit: Bool { ("0"..."9").contains(self) }
}

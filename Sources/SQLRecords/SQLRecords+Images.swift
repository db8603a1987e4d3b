package import FarmModel
package import FarmRules

// Images and their tags.
extension SQLRecords {
    /// A row for each tag of each image, or one for an image without tags.
    func images(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [DiskImage] {
        let rows = try all(
            "images",
            """
            SELECT images.id, images.osf, file, version, is_blocked, tag
            FROM images LEFT JOIN image_tags ON image_tags.image = images.id \(condition) ORDER BY images.id
            """, values
        ) { columns in
            let image = DiskImage(
                id: columns.id(), osf: columns.id(), file: columns.text(), version: columns.text(), tags: [],
                isBlocked: columns.flag())
            return (image, columns.optionalText())
        }
        var images: [DiskImage] = []
        for (image, tag) in rows {
            if images.last?.id != image.id { images.append(image) }
            if let tag { images[images.count - 1].tags.append(tag) }
        }
        // As Swift sorts, which may differ from how a database does.
        for index in images.indices { images[index].tags.sort() }
        return images
    }

    package func image(_ id: ImageID) throws(LedgerError) -> DiskImage? {
        try images("WHERE images.id = $1", [SQLValue(id)]).first
    }

    package func images() throws(LedgerError) -> [DiskImage] { try images("", []) }

    package func images(of osf: OSFID) throws(LedgerError) -> [DiskImage] {
        try images("WHERE images.osf = $1", [SQLValue(osf)])
    }

    package func images(ofAny osfs: [OSFID]) throws(LedgerError) -> [DiskImage] {
        try images("WHERE images.osf IN (\(dialect.numbers(in: "$1")))", [SQLValue(osfs)])
    }

    package func put(_ image: DiskImage) throws(LedgerError) {
        try run(
            """
            INSERT INTO images (id, osf, file, version, is_blocked) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (id) DO UPDATE
            SET osf = excluded.osf, file = excluded.file, version = excluded.version,
                is_blocked = excluded.is_blocked
            """,
            [
                SQLValue(image.id), SQLValue(image.osf), SQLValue(image.file), SQLValue(image.version),
                SQLValue(image.isBlocked),
            ])
        try run("DELETE FROM image_tags WHERE image = $1", [SQLValue(image.id)])
        for tag in image.tags {
            try run(
                "INSERT INTO image_tags (osf, tag, image) VALUES ($1, $2, $3)",
                [SQLValue(image.osf), SQLValue(tag), SQLValue(image.id)])
        }
    }

    package func remove(_ image: ImageID) throws(LedgerError) {
        try run("DELETE FROM images WHERE id = $1", [SQLValue(image)])
    }
}

package import FarmModel
package import FarmRules

// Images and their tags.
extension SQLRecords {
    private func images(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [DiskImage] {
        var images = try all(
            "images", "SELECT id, osf, file, version, is_blocked FROM images \(condition)", values
        ) { columns in
            DiskImage(
                id: columns.id(), osf: columns.id(), file: columns.text(), version: columns.text(), tags: [],
                isBlocked: columns.flag())
        }
        for index in images.indices {
            images[index].tags = try all(
                "image_tags", "SELECT tag FROM image_tags WHERE image = $1", [SQLValue(images[index].id)]
            ) { columns in columns.text() }.sorted()
        }
        return images
    }

    package func image(_ id: ImageID) throws(LedgerError) -> DiskImage? {
        try images("WHERE id = $1", [SQLValue(id)]).first
    }

    package func images() throws(LedgerError) -> [DiskImage] { try images("ORDER BY id", []) }

    package func images(of osf: OSFID) throws(LedgerError) -> [DiskImage] {
        try images("WHERE osf = $1 ORDER BY id", [SQLValue(osf)])
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

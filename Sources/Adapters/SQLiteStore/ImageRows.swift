import FarmRules
import FarmModel
import FarmPorts

// OSFs, images and their tags, nodes.
extension SQLRecords {
    private func osfs(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [OSFlavour] {
        try all(
            "osfs",
            "SELECT id, tenant, name, memory_mib, user_disk_mib, keeps_overlay FROM osfs \(condition)", values
        ) { columns in
            OSFlavour(
                id: columns.id(), tenant: columns.id(), name: columns.text(), memory: columns.size(),
                userDiskSize: columns.size(), keepsOverlay: columns.flag())
        }
    }

    func osf(_ id: OSFID) throws(LedgerError) -> OSFlavour? { try osfs("WHERE id = $1", [SQLValue(id)]).first }
    func osfs() throws(LedgerError) -> [OSFlavour] { try osfs("ORDER BY id", []) }

    func put(_ osf: OSFlavour) throws(LedgerError) {
        try run(
            """
            INSERT INTO osfs (id, tenant, name, memory_mib, user_disk_mib, keeps_overlay)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE
            SET tenant = excluded.tenant, name = excluded.name, memory_mib = excluded.memory_mib,
                user_disk_mib = excluded.user_disk_mib, keeps_overlay = excluded.keeps_overlay
            """,
            [
                SQLValue(osf.id), SQLValue(osf.tenant), SQLValue(osf.name), SQLValue(osf.memory),
                SQLValue(osf.userDiskSize), SQLValue(osf.keepsOverlay),
            ])
    }

    func remove(_ osf: OSFID) throws(LedgerError) {
        try run("DELETE FROM osfs WHERE id = $1", [SQLValue(osf)])
    }

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

    func image(_ id: ImageID) throws(LedgerError) -> DiskImage? {
        try images("WHERE id = $1", [SQLValue(id)]).first
    }

    func images() throws(LedgerError) -> [DiskImage] { try images("ORDER BY id", []) }

    func images(of osf: OSFID) throws(LedgerError) -> [DiskImage] {
        try images("WHERE osf = $1 ORDER BY id", [SQLValue(osf)])
    }

    func put(_ image: DiskImage) throws(LedgerError) {
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

    func remove(_ image: ImageID) throws(LedgerError) {
        try run("DELETE FROM images WHERE id = $1", [SQLValue(image)])
    }

    private func nodes(_ condition: String, _ values: [SQLValue]) throws(LedgerError) -> [Node] {
        try all(
            "nodes", "SELECT id, name, address, is_blocked, state, state_since FROM nodes \(condition)", values
        ) { (columns: inout Columns) throws(PortError) in
            Node(
                id: columns.id(), name: columns.text(), address: try columns.address(), isBlocked: columns.flag(),
                state: try columns.choice(), stateSince: columns.time())
        }
    }

    func node(_ id: NodeID) throws(LedgerError) -> Node? { try nodes("WHERE id = $1", [SQLValue(id)]).first }
    func nodes() throws(LedgerError) -> [Node] { try nodes("ORDER BY id", []) }

    func put(_ node: Node) throws(LedgerError) {
        try run(
            """
            INSERT INTO nodes (id, name, address, is_blocked, state, state_since) VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE
            SET name = excluded.name, address = excluded.address, is_blocked = excluded.is_blocked,
                state = excluded.state, state_since = excluded.state_since
            """,
            [
                SQLValue(node.id), SQLValue(node.name), SQLValue(node.address), SQLValue(node.isBlocked),
                SQLValue(node.state.rawValue), SQLValue(node.stateSince),
            ])
    }

    func remove(_ node: NodeID) throws(LedgerError) {
        try run("DELETE FROM nodes WHERE id = $1", [SQLValue(node)])
    }

    func abandonedDomains(on node: NodeID) throws(LedgerError) -> [VMID] {
        try all(
            "abandoned_domains", "SELECT vm FROM abandoned_domains WHERE node = $1 ORDER BY vm", [SQLValue(node)]
        ) { columns in columns.id() }
    }

    func abandon(_ vm: VMID, on node: NodeID) throws(LedgerError) {
        try run(
            "INSERT INTO abandoned_domains (node, vm) VALUES ($1, $2) ON CONFLICT (node, vm) DO NOTHING",
            [SQLValue(node), SQLValue(vm)])
    }

    func forgetAbandonedDomain(of vm: VMID, on node: NodeID) throws(LedgerError) {
        try run("DELETE FROM abandoned_domains WHERE node = $1 AND vm = $2", [SQLValue(node), SQLValue(vm)])
    }

    func forgetAbandonedDomains(on node: NodeID) throws(LedgerError) {
        try run("DELETE FROM abandoned_domains WHERE node = $1", [SQLValue(node)])
    }
}

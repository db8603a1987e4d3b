package import FarmModel
import FarmPorts
package import FarmRules

// What lists say of other objects.
extension SQLRecords {
    package func tenants(_ ids: [TenantID]) throws(LedgerError) -> [Tenant] {
        try tenants("WHERE id IN (\(dialect.numbers(in: "$1")))", [SQLValue(ids)])
    }

    package func users(_ ids: [UserID]) throws(LedgerError) -> [User] {
        try users("WHERE id IN (\(dialect.numbers(in: "$1")))", [SQLValue(ids)])
    }

    package func images(_ ids: [ImageID]) throws(LedgerError) -> [DiskImage] {
        try images("WHERE images.id IN (\(dialect.numbers(in: "$1")))", [SQLValue(ids)])
    }

    package func nodes(_ ids: [NodeID]) throws(LedgerError) -> [Node] {
        try nodes("WHERE id IN (\(dialect.numbers(in: "$1")))", [SQLValue(ids)])
    }

    package func sessions(of vms: [VMID]) throws(LedgerError) -> [Session] {
        try sessions("WHERE vm IN (\(dialect.numbers(in: "$1")))", [SQLValue(vms)])
    }

    package func counts(
        _ relation: CountedRelation, of numbers: [Int64]
    ) throws(LedgerError) -> [Int64: Int] {
        let (tables, column) =
            switch relation {
            case .usersOfTenant: ("users", "users.tenant")
            case .osfsOfTenant: ("osfs", "osfs.tenant")
            case .vmsOfUser: ("vms", "vms.user_id")
            case .sessionsOfUser: ("vms JOIN sessions ON sessions.vm = vms.id", "vms.user_id")
            case .imagesOfOSF: ("images", "images.osf")
            case .vmsOfOSF: ("vms", "vms.osf")
            case .vmsOnImage:
                (
                    """
                    images JOIN vms ON vms.osf = images.osf JOIN vm_observations
                    ON vm_observations.vm = vms.id AND vm_observations.image = images.id AND state <> 'stopped'
                    """, "images.id"
                )
            }
        let pairs = try all(
            "counts",
            """
            SELECT \(column), count(*) FROM \(tables) WHERE \(column) IN (\(dialect.numbers(in: "$1")))
            GROUP BY \(column)
            """, [.text("[\(numbers.map(String.init).joined(separator: ","))]")]
        ) { columns in (columns.integer(), Int(columns.integer())) }
        return [Int64: Int](pairs) { _, later in later }
    }

    package func counts() throws(LedgerError) -> FarmCounts {
        let counts = try one(
            "counts",
            """
            SELECT (SELECT count(*) FROM tenants), (SELECT count(*) FROM users), (SELECT count(*) FROM osfs),
                (SELECT count(*) FROM images), (SELECT count(*) FROM nodes),
                (SELECT count(*) FROM nodes WHERE state = $1), (SELECT count(*) FROM sessions)
            """, [SQLValue(NodeState.running.rawValue)]
        ) { columns in
            var counts = FarmCounts()
            counts.tenants = Int(columns.integer())
            counts.users = Int(columns.integer())
            counts.osfs = Int(columns.integer())
            counts.images = Int(columns.integer())
            counts.nodes = Int(columns.integer())
            counts.nodesRunning = Int(columns.integer())
            counts.sessions = Int(columns.integer())
            return counts
        }
        var result = counts ?? FarmCounts()
        let states = try all(
            "vm_observations", "SELECT min(vm), state, count(*) FROM vm_observations GROUP BY state"
        ) { (columns: inout Columns) throws(PortError) in
            _ = columns.integer()
            let state: VMState = try columns.choice()
            return (state, Int(columns.integer()))
        }
        for (state, count) in states { result.vmStates[state] = count }
        return result
    }
}

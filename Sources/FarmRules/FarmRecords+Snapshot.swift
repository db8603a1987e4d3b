package import FarmModel

extension FarmRecords {
    /// The whole farm as one read sees it, without hashes and secrets.
    package func snapshot() throws(LedgerError) -> FarmSnapshot {
        let identity = try identity()
        var snapshot = FarmSnapshot(
            farm: identity.farm, addressPlan: identity.addressPlan, revision: try revision())
        snapshot.tenants = try tenants()
        snapshot.users = try users()
        snapshot.osfs = try osfs()
        snapshot.images = try images()
        snapshot.nodeLoads = try nodeLoads()
        snapshot.nodes = snapshot.nodeLoads.map(\.node)
        snapshot.vms = try vms()
        snapshot.sessions = try sessions()
        snapshot.properties = try properties()
        snapshot.configuration = try configuration()
        return snapshot
    }
}

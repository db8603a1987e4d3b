package import FarmModel
package import FarmPorts
import FarmStore

extension StoreConnection: FarmLists {
    package func find(
        _ noun: FarmNoun, _ text: String, in tenant: TenantID?
    ) async throws(PortError) -> [FarmObject] {
        try await read("looking for \(noun.words) \(text)") { store async throws(PortError) in
            try await store.find(noun, text, in: tenant)
        }
    }

    package func tenants(_ filter: TenantFilter, _ page: ListPage) async throws(PortError) -> [TenantListing] {
        try await read("listing tenants") { store async throws(PortError) in try await store.tenants(filter, page) }
    }

    package func users(_ filter: UserFilter, _ page: ListPage) async throws(PortError) -> [UserListing] {
        try await read("listing users") { store async throws(PortError) in try await store.users(filter, page) }
    }

    package func osfs(_ filter: OSFFilter, _ page: ListPage) async throws(PortError) -> [OSFListing] {
        try await read("listing OSFs") { store async throws(PortError) in try await store.osfs(filter, page) }
    }

    package func images(_ filter: ImageFilter, _ page: ListPage) async throws(PortError) -> [ImageListing] {
        try await read("listing images") { store async throws(PortError) in try await store.images(filter, page) }
    }

    package func nodes(_ filter: NodeFilter, _ page: ListPage) async throws(PortError) -> [NodeListing] {
        try await read("listing nodes") { store async throws(PortError) in try await store.nodes(filter, page) }
    }

    package func vms(_ filter: VMFilter, _ page: ListPage) async throws(PortError) -> [VMListing] {
        try await read("listing VMs") { store async throws(PortError) in try await store.vms(filter, page) }
    }
}

extension StoreConnection: FarmDetails {
    package func counts() async throws(PortError) -> FarmCounts {
        try await read("counting what the farm has") { store async throws(PortError) in try await store.counts() }
    }

    package func surroundings(of vm: VMID) async throws(PortError) -> FarmSnapshot? {
        try await read("reading VM \(vm)", vm: vm) { store async throws(PortError) in
            try await store.surroundings(of: vm)
        }
    }

    package func properties(of owner: PropertyOwner?) async throws(PortError) -> [PropertyListing] {
        try await read("reading properties") { store async throws(PortError) in
            try await store.properties(of: owner)
        }
    }

    package func configuration() async throws(PortError) -> [String: String] {
        try await read("reading the farm's configuration") { store async throws(PortError) in
            try await store.configuration()
        }
    }

    package func snapshot() async throws(PortError) -> FarmSnapshot {
        try await read("reading the farm") { store async throws(PortError) in try await store.snapshot() }
    }

    package func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID] {
        try await read("reading the abandoned domains") { store async throws(PortError) in
            try await store.abandonedDomains(on: node)
        }
    }

    package func diskDeletions() async throws(PortError) -> [DiskDeletion] {
        try await read("reading which user disks are to be deleted") { store async throws(PortError) in
            try await store.diskDeletions()
        }
    }

    package func audit(limit: Int) async throws(PortError) -> [AuditRecord] {
        try await read("reading the audit trail") { store async throws(PortError) in
            try await store.audit(limit: limit)
        }
    }
}

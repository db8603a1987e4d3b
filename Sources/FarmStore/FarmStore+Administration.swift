package import FarmModel
package import FarmPorts
import FarmRules

extension FarmStore: AdministrationCommands {
    package func apply(
        _ command: AdministrationCommand, by actor: Actor, request: RequestID?, at time: WallTime
    ) async throws(PortError) -> Result<AdministrationResult, AdministrationRefusal> {
        try await write("administering the farm") { records throws(LedgerError) in
            try records.apply(command, by: actor, request: request, at: time)
        }
    }

}

extension FarmStore: FarmLists {
    package func find(
        _ noun: FarmNoun, _ text: String, in tenant: TenantID?
    ) async throws(PortError) -> [FarmObject] {
        try await read("looking for \(noun.words) `\(text)`") { records throws(LedgerError) in
            try records.find(noun, text, in: tenant)
        }
    }

    package func tenants(_ filter: TenantFilter, _ page: ListPage) async throws(PortError) -> [TenantListing] {
        try await read("listing tenants") { records throws(LedgerError) in try records.tenantListings(filter, page) }
    }

    package func users(_ filter: UserFilter, _ page: ListPage) async throws(PortError) -> [UserListing] {
        try await read("listing users") { records throws(LedgerError) in try records.userListings(filter, page) }
    }

    package func osfs(_ filter: OSFFilter, _ page: ListPage) async throws(PortError) -> [OSFListing] {
        try await read("listing OSFs") { records throws(LedgerError) in try records.osfListings(filter, page) }
    }

    package func images(_ filter: ImageFilter, _ page: ListPage) async throws(PortError) -> [ImageListing] {
        try await read("listing images") { records throws(LedgerError) in try records.imageListings(filter, page) }
    }

    package func nodes(_ filter: NodeFilter, _ page: ListPage) async throws(PortError) -> [NodeListing] {
        try await read("listing nodes") { records throws(LedgerError) in try records.nodeListings(filter, page) }
    }

    package func vms(_ filter: VMFilter, _ page: ListPage) async throws(PortError) -> [VMListing] {
        try await read("listing VMs") { records throws(LedgerError) in try records.vmListings(filter, page) }
    }
}

extension FarmStore: FarmDetails {
    package func counts() async throws(PortError) -> FarmCounts {
        try await read("counting what the farm has") { records throws(LedgerError) in try records.counts() }
    }

    package func surroundings(of vm: VMID) async throws(PortError) -> FarmSnapshot? {
        try await read("reading VM \(vm)") { records throws(LedgerError) in try records.surroundings(of: vm) }
    }

    package func properties(of owner: PropertyOwner?) async throws(PortError) -> [PropertyListing] {
        try await read("reading properties") { records throws(LedgerError) in
            try records.propertyListings(of: owner)
        }
    }

    package func configuration() async throws(PortError) -> [String: String] {
        try await read("reading the farm's configuration") { records throws(LedgerError) in
            try records.configuration()
        }
    }

    package func snapshot() async throws(PortError) -> FarmSnapshot {
        try await read("reading the farm") { records throws(LedgerError) in try records.snapshot() }
    }

    package func abandonedDomains(on node: NodeID) async throws(PortError) -> [VMID] {
        try await read("reading the abandoned domains of node \(node)") { records throws(LedgerError) in
            try records.abandonedDomains(on: node)
        }
    }

    package func diskDeletions() async throws(PortError) -> [DiskDeletion] {
        try await read("reading which user disks are to be deleted") { records throws(LedgerError) in
            try records.diskDeletions()
        }
    }

    package func audit(limit: Int) async throws(PortError) -> [AuditRecord] {
        try await read("reading the audit trail") { records throws(LedgerError) in try records.audit(limit: limit) }
    }
}

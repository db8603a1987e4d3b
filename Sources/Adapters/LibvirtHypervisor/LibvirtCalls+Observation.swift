import CLibvirt
import FarmModel
import FarmPorts
import Glibc

/// A look at all domains: one call for all, and one more for each whose owner is not known yet. Every call costs both
/// ends some wake-ups, and a node looks every few seconds.
extension LibvirtCalls {
    func observe() throws(LibvirtFailure) -> [ObservedDomain] {
        var list: UnsafeMutablePointer<virDomainStatsRecordPtr?>?
        let count = virConnectGetAllDomainStats(connection, VIR_DOMAIN_STATS_STATE.rawValue, &list, 0)
        guard count >= 0, let list else { throw failure }
        defer { virDomainStatsRecordListFree(list) }
        var domains: [ObservedDomain] = []
        var found: [KnownOwners.Life: DomainOwner] = [:]
        for index in 0..<Int(count) {
            guard let record = list[index]?.pointee, let domain = record.dom else { continue }
            guard let name = virDomainGetName(domain) else { throw failure }
            let life = KnownOwners.Life(domain)
            let known = life.flatMap { owners[$0] }
            let isThere: Bool
            let owner: DomainOwner?
            if let known { (isThere, owner) = (true, known) } else { (isThere, owner) = try readOwner(domain) }
            guard isThere else { continue }
            if let life, let owner { found[life] = owner }
            domains.append(
                ObservedDomain(
                    name: DomainName(observed: String(cString: name)), owner: owner, state: Self.state(record)))
        }
        owners.put(found)
        return domains.sorted { $0.name < $1.name }
    }

    /// The owner that the domain names; it may have gone since it was listed.
    private func readOwner(_ domain: virDomainPtr) throws(LibvirtFailure) -> (isThere: Bool, owner: DomainOwner?) {
        if let metadata = virDomainGetMetadata(
            domain, Int32(VIR_DOMAIN_METADATA_ELEMENT.rawValue), DomainMetadata.namespace, 0)
        {
            defer { free(metadata) }
            return (true, DomainMetadata.owner(from: String(cString: metadata)))
        }
        let failure = failure
        if failure.isConnected, failure.isCode(VIR_ERR_NO_DOMAIN_METADATA) { return (true, nil) }
        guard failure.isConnected, failure.isCode(VIR_ERR_NO_DOMAIN) else { throw failure }
        return (false, nil)
    }

    /// Whatever is not surely off counts as live.
    private static func state(_ record: virDomainStatsRecord) -> ObservedDomain.State {
        var number: Int32 = 0
        guard virTypedParamsGetInt(record.params, record.nparams, "state.state", &number) == 1 else { return .running }
        return switch virDomainState(UInt32(number)) {
        case VIR_DOMAIN_SHUTOFF: .shutOff
        case VIR_DOMAIN_PAUSED, VIR_DOMAIN_PMSUSPENDED: .paused
        case VIR_DOMAIN_CRASHED: .crashed
        default: .running
        }
    }
}

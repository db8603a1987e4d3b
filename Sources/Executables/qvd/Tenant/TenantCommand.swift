import ArgumentParser
import FarmModel

struct TenantCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tenant", abstract: "Organisations on the farm: each owns users and OSFs.",
        subcommands: [
            TenantAdd.self, TenantList.self, TenantShow.self, TenantSet.self, TenantBlock.self, TenantUnblock.self,
            TenantDelete.self,
        ])

    static func row(_ tenant: Tenant, _ names: References) -> Listing.Row {
        let users = names.snapshot.users.count { $0.tenant == tenant.id }
        let osfs = names.snapshot.osfs.count { $0.tenant == tenant.id }
        return [
            ("id", .number(tenant.id.rawValue)), ("name", .text(tenant.name)), ("users", .number(Int64(users))),
            ("osfs", .number(Int64(osfs))), ("blocked", .flag(tenant.isBlocked)),
        ]
    }
}

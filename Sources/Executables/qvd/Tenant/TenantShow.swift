import ArgumentParser

struct TenantShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a tenant.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var tenant: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        Listing(rows: [TenantCommand.row(try names.tenant(tenant), names)]).printObject(output)
    }
}

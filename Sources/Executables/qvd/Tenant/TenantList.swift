import ArgumentParser
import FarmModel

struct TenantList: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "list", abstract: "List tenants.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        Listing(rows: names.snapshot.tenants.map { TenantCommand.row($0, names) }).print(output)
    }
}

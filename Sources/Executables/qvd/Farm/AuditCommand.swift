import ArgumentParser
import FarmModel
import FarmServices
import FarmStore
import SQLiteStore

struct AuditCommand: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "Who did what, when, with what result; newest first.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions

    @Option(help: "How many records.")
    var limit = 50

    func validate() throws {
        guard limit > 0 else { throw ValidationError("--limit must be 1 or more") }
    }

    func run(in session: FarmSession) async throws {
        let records = try await session.farm.audit(limit: limit)
        let rows: [Listing.Row] = records.map { record in
            [
                ("at", .time(record.at)), ("actor", .text(record.actor)),
                ("action", .text(record.action)), ("outcome", .text(record.outcome)),
            ]
        }
        Listing(rows: rows).print(output)
    }
}

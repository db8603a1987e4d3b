import ArgumentParser
import FarmModel

struct VMShow: FarmCommand {
    static let configuration = CommandConfiguration(commandName: "show", abstract: "Show a VM.")

    @OptionGroup var farm: FarmOptions
    @OptionGroup var output: OutputOptions
    @Argument var vm: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let vm = try names.vm(vm)
        let row = VMCommand.row(vm, names) + [PropertyCommand.field(.vm(vm.id), names)]
        Listing(rows: [row]).printObject(output)
    }
}

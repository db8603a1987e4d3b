import ArgumentParser
import FarmControl
import FarmModel

struct VMExplain: FarmCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Say in plain words why a VM is in its state, and what to do.")

    @OptionGroup var farm: FarmOptions
    @Argument var vm: String

    func run(in session: FarmSession) async throws {
        let names = try await session.references()
        let vm = try names.vm(vm)
        for line in Explanation.of(vm.id, in: names.snapshot, at: session.now) ?? [] { print(line) }
    }
}

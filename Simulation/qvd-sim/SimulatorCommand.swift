import ArgumentParser
import Foundation

/// `qvd-sim`: the farm's own code on a simulated node.
@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd-sim",
        abstract: "Runs HKD and L7R, as they are, on a simulated node, much faster than real time.",
        discussion: """
            Everything outside the two daemons is in memory: hypervisor, network, DHCP, disks, agents, store, users.
            A seed decides everything that happens; the same seed gives the same run on every machine.

              qvd-sim run fixtures/scenarios/*.yaml   runs scenarios (docs/scenarios.md says how to write them)
              qvd-sim soak --seeds 1000               runs 1,000 plans drawn by chance
              qvd-sim run --seed 17 --trace           shows one of them again, event by event

            Exit code 0: every rule held. 1: one did not; the report says which, and how to see it again.
            64: wrong arguments or a broken scenario file.
            """,
        subcommands: [RunScenario.self, SoakSeeds.self, BenchSimulator.self])
}

extension SimulatorCommand {
    /// Output for people who watch, not for the result.
    static func tell(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }

    /// Whether somebody watches.
    static var isWatched: Bool { isatty(STDERR_FILENO) == 1 }
}

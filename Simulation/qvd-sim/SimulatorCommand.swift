import ArgumentParser
import Foundation

/// `qvd-sim`: the farm's own code on a simulated node.
@main
struct SimulatorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "qvd-sim",
        abstract: "Runs HKD and L7R, as they are, on a simulated node: thousands of hours in minutes.",
        discussion: """
            Everything outside the two daemons is in memory: hypervisor, network, DHCP, disks, agents, store, users.
            A seed decides everything that happens; the same seed gives the same run on every machine.
            Exit code 0: every rule held. 1: one did not; the report says which, and how to see it again.
            """,
        subcommands: [RunScenario.self, SoakSeeds.self])
}

extension SimulatorCommand {
    /// Output for people who watch, not for the result.
    static func tell(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}

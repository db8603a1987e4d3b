import Foundation
import NodeRig
import XCTest

/// What the daemons of a node take when its desktops run and nobody uses them.
///
/// The domains are real, each with its emulator, tap, rules, reservation and disks, but their guest is one boot sector
/// that takes no processor time: twenty whole guests would leave none to measure. Their agents answer from this
/// machine, under the guests' addresses.
final class IdleNodeFigures: XCTestCase {
    /// Each of these is a process with children of its own: what its programs and its DHCP server take counts as its.
    private static let roles = ["hkd", "l7r"]

    func testIdleNode() async throws {
        let farm = try await FarmRig.make()
        let node = try await farm.startNode()
        let agents = try IdleGuests(askForSecret: true)
        let names = (1...Figure.size(1, full: 20)).map { "idle\($0)" }
        try await addTinyDesktops(names, to: farm)
        for name in names { try await farm.qvd("vm", "start", name) }
        for name in names { try await farm.waitUntil(name, is: "running", upTo: .seconds(300)) }
        // The start is over when the last reading and look after it are.
        try await Task.sleep(for: .seconds(Figure.size(1, full: 70)))
        let before = try await usage(farm)
        let began = ContinuousClock.now
        try await Task.sleep(for: .seconds(Self.seconds))
        let after = try await usage(farm)
        let seconds = Figure.seconds(ContinuousClock.now - began)
        for role in Self.roles {
            let (was, present) = (try XCTUnwrap(before[role]), try XCTUnwrap(after[role]))
            XCTAssertEqual(was.pid, present.pid, "\(role) was started anew meanwhile")
            let share = (present.cpu - was.cpu) * 100 / seconds
            let memory = Double(try ProcessFacts.residentKiB(of: present.pid)) / 1024
            Figure.print(
                "\(role) idle with \(names.count) VMs for \(Int(seconds)) s, children counted",
                String(format: "%.2f %% of a core, %.1f MiB", share, memory), aim: "≤ 0.2 % of a core")
        }
        // Without an agent the guest is asked by its power button.
        agents.close()
        for name in names { try await farm.qvd("vm", "stop", name) }
        for name in names { try await farm.waitUntil(name, is: "stopped", upTo: .seconds(300)) }
        try await node.stop()
        try await farm.remove()
    }

    /// `QVD_IDLE_SECONDS` asks for another time.
    private static var seconds: Int {
        ProcessInfo.processInfo.environment["QVD_IDLE_SECONDS"].flatMap { Int($0) } ?? Figure.size(2, full: 300)
    }

    private func usage(_ farm: FarmRig) async throws -> [String: (pid: pid_t, cpu: Double)] {
        var found: [String: (pid: pid_t, cpu: Double)] = [:]
        for role in Self.roles {
            let process = try await farm.process(role)
            let pid = try XCTUnwrap(process, "\(role) does not run")
            found[role] = (pid, try ProcessFacts.cpuSecondsOfTree(of: pid))
        }
        return found
    }

    private func addTinyDesktops(_ names: [String], to farm: FarmRig) async throws {
        let image = "\(farm.folder)/tiny.qcow2"
        try await TinyGuest.writeImage(to: image)
        try await farm.qvd("osf", "add", "tiny", "--memory", "64", "--user-disk", "128")
        try await farm.qvd("di", "add", "tiny", image)
        try await farm.qvd("user", "add", "alice", "--password-file", farm.passwordFile)
        for (index, name) in names.enumerated() {
            let address = "10.3.200.\(index + 1)"
            try await farm.qvd("vm", "add", name, "--user", "alice", "--osf", "tiny", "--address", address)
            try await RigCommand.run("ip", "address", "add", "\(address)/32", "dev", "lo")
        }
    }
}

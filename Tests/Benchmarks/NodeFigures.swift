import FarmModel
import FarmPorts
import FarmStore
import Foundation
import Glibc
import NodeRig
import SQLiteStore
import XCTest

/// What the daemon adds to a start, and what it takes when nothing happens.
final class NodeFigures: XCTestCase {
    func testStartThroughHKDAgainstABareLoop() async throws {
        let farm = try await FarmRig.make()
        let node = try await farm.startNode()
        try await farm.addDesktops(["bench"])
        let store = try await SQLiteStore.open(at: farm.database)
        var notices: [Duration] = []
        var (byHKD, byTools): ([Start], [Start]) = ([], [])
        for round in 0..<Figure.size(1, full: 5) {
            let noticed = try await order(store)
            notices.append(noticed.after)
            byHKD.append(try await finish(since: noticed.at))
            try await farm.qvd("vm", "stop", "bench")
            try await farm.waitUntil("bench", is: "stopped")
            byTools.append(try await bareStart(farm, round: round))
        }
        await store.close()
        try await node.stop()
        try await farm.remove()
        Figure.print(
            "HKD notices the order to start (median)", Figure.milliseconds(Figure.median(notices)), aim: "≤ 100 ms")
        show(byHKD, of: "HKD", aim: "ratio ≤ 1.10")
        show(byTools, of: "a bare loop of tools", aim: "for comparison")
        let (ours, theirs) = (Figure.median(byHKD.map(\.whole)), Figure.median(byTools.map(\.whole)))
        let ratio = String(format: "%.2f", Figure.seconds(ours) / Figure.seconds(theirs))
        Figure.print("ratio of the starts", ratio, aim: "≤ 1.10")
    }

    private func show(_ starts: [Start], of whom: String, aim: String) {
        let whole = starts.map(\.whole).sorted()
        let range = "\(Figure.milliseconds(whole[0])) to \(Figure.milliseconds(whole[whole.count - 1]))"
        Figure.print(
            "VM start by \(whom) (median of \(starts.count))", "\(Figure.milliseconds(Figure.median(whole))), \(range)",
            aim: aim)
        let before = Figure.median(starts.map(\.beforeTheDomain))
        Figure.print("of it, before the domain's process lives", Figure.milliseconds(before), aim: "little")
    }

    /// One start: until the agent's port takes a connection, and the part of it before QEMU ran (to 10 ms).
    private struct Start {
        var whole: Duration
        var beforeTheDomain: Duration
    }

    /// Orders the one VM to start: when the node had noticed, and how long that took.
    private func order(_ store: SQLiteStore) async throws -> (at: ContinuousClock.Instant, after: Duration) {
        let snapshot = try await store.snapshot()
        let (vm, node) = (try XCTUnwrap(snapshot.vms.first), try XCTUnwrap(snapshot.nodes.first))
        let start = ContinuousClock.now
        _ = try await store.apply(
            .startVM(vm.id, node: node.id), by: .console(name: "bench"),
            at: WallTime(seconds: Int64(Date().timeIntervalSince1970))
        ).get()
        try await waitFor("the node to notice", every: .milliseconds(2)) {
            try await store.desktop(vm.id)?.vm.observation.state != .stopped
        }
        let now = ContinuousClock.now
        return (now, now - start)
    }

    /// Waits for the first moment at which the agent's port takes a connection: the same end for both.
    private func finish(since start: ContinuousClock.Instant) async throws -> Start {
        let address = "10.3.255.254"
        try await waitFor("the agent of \(address)", upTo: .seconds(120), every: .milliseconds(50)) {
            AgentPort.isOpen(address)
        }
        let whole = ContinuousClock.now - start
        return Start(whole: whole, beforeTheDomain: max(.zero, whole - (try await ageOfQEMU())))
    }

    /// How long the one QEMU there is has lived.
    private func ageOfQEMU() async throws -> Duration {
        let found = try await RigCommand.run("pgrep", "-f", "^[^ ]*qemu-system-x86_64 -name")
        return try ProcessFacts.age(of: XCTUnwrap(pid_t(found.prefix { $0 != "\n" })))
    }

    /// The same overlay, reservation, tap, rules and domain, by command-line tools.
    private func bareStart(_ farm: FarmRig, round: Int) async throws -> Start {
        let script = FarmRig.projectFolder.appending(path: "fixtures/bench/bare-start.sh").path
        let folder = "\(farm.folder)/bare\(round)"
        let start = ContinuousClock.now
        try await RigCommand.run(script, "start", folder, try FarmRig.guestImage(), "10.3.255.254")
        let time = try await finish(since: start)
        try await RigCommand.run(script, "stop", folder, try FarmRig.guestImage(), "10.3.255.254")
        return time
    }
}

/// Whether somebody listens on the agent's port.
enum AgentPort {
    static func isOpen(_ address: String) -> Bool {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = in_port_t(3030).bigEndian
        name.sin_addr.s_addr = inet_addr(address)
        _ = withUnsafePointer(to: &name) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        var poll = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
        guard Glibc.poll(&poll, 1, 500) == 1 else { return false }
        var error: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length)
        return error == 0
    }
}

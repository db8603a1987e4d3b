import FarmModel
import FarmPorts
import FarmStore
import Foundation
import Glibc
import NodeRig
import SQLiteStore
import XCTest

/// What an idle session costs the real router process: TLS clients in processes of their own, guests in this one.
final class SessionFigures: XCTestCase {
    func testMemoryOfIdleSessions() async throws {
        let count = Figure.size(20, full: 1000)
        let farm = try await FarmRig.make()
        // The daemons make certificate and folders; then the router runs alone, so that nobody looks for real domains.
        try await farm.startNode().stop()
        try await farm.qvd("osf", "add", "demo", "--memory", "320")
        try await farm.qvd("user", "add", "alice", "--password-file", farm.passwordFile)
        // Every address of the VMs is this machine's own: one listener serves as all guests.
        try await RigCommand.run("ip", "route", "add", "local", "10.3.128.0/17", "dev", "lo")
        do {
            let each = try await measure(count, farm)
            Figure.print(
                "L7R memory per idle session of \(count)", String(format: "%.1f KiB", each), aim: "≤ 64 KiB")
        } catch {
            XCTFail("\(error)")
        }
        // Or no guest of a later test would ever be reached.
        try await RigCommand.run("ip", "route", "del", "local", "10.3.128.0/17", "dev", "lo")
        try await farm.remove()
    }

    /// In KiB.
    private func measure(_ count: Int, _ farm: FarmRig) async throws -> Double {
        let guests = try IdleGuests()
        let vms = try await runningVMs(count + 1, of: farm)
        let router = try DaemonRig.start(
            farm.programs.appending(path: "qvd-node").path, ["l7r", "--config", farm.configuration],
            log: "\(farm.folder)/l7r.log")
        try await waitFor("the router to serve") { router.logText().contains("clients are served") }
        let clients = try IdleClients(port: FarmRig.port, host: FarmRig.address)
        var before = 0
        for (number, vm) in vms.enumerated() {
            try clients.connect(to: vm)
            try await waitFor("session \(number + 1); \(router.logText().suffix(1000))") { guests.lines > number }
            if number == 0 { before = try ProcessFacts.residentKiB(of: router.processID) }
        }
        let each = Double(try ProcessFacts.residentKiB(of: router.processID) - before) / Double(count)
        clients.leave()
        try await router.stop()
        guests.close()
        return each
    }

    /// VMs whose rows say that they run on the node.
    private func runningVMs(_ count: Int, of farm: FarmRig) async throws -> [VMID] {
        let store = try await SQLiteStore.open(at: farm.database)
        let now = WallTime(seconds: Int64(Date().timeIntervalSince1970))
        let before = try await store.snapshot()
        let (user, osf) = (try XCTUnwrap(before.users.first), try XCTUnwrap(before.osfs.first))
        let node = try XCTUnwrap(before.nodes.first).id
        try await store.reportState(of: node, .running, at: now)
        var vms: [VMID] = []
        for number in 0..<count {
            let added = try await store.apply(
                .addVM(name: "idle\(number)", user: user.id, osf: osf.id, tag: "default", address: nil),
                by: .console(name: "bench"),
                at: now
            ).get()
            guard case .vm(let vm) = added else { throw RigFailure("no VM was made: \(added)") }
            _ = try await store.requestStart(vm, by: "bench")
            let epoch = try await store.desktop(vm)?.vm.intent.epoch ?? .none
            let secret = AgentSecret(String(repeating: "5a", count: 32))
            let begun = try await store.begin(vm, by: node, epoch: epoch, secret: secret)
            try await store.report(Observation(state: .running, since: now), of: vm, by: node, epoch: begun)
            vms.append(vm)
        }
        await store.close()
        return vms
    }
}

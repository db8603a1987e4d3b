import Foundation
import NodeRig
import XCTest

/// What the real node survives: every process killed, the guest dying or hanging, DHCP dying, storage full.
final class SurvivalTests: XCTestCase {
    private func emulator(_ farm: FarmRig, _ vm: String) async throws -> pid_t {
        let text = try await farm.qvd("vm", "show", vm, "--json")
        let object = try JSONSerialization.jsonObject(with: Data(text.utf8))
        let row = try XCTUnwrap((object as? [String: Any]) ?? (object as? [[String: Any]])?.first)
        let id = try XCTUnwrap(row["id"])
        let domains = try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--name").split(separator: "\n")
        let domain = try XCTUnwrap(domains.first { $0.hasSuffix("-\(id)") }, "no domain of VM \(id) in \(domains)")
        let rig = try await LibvirtRig.start()
        return try XCTUnwrap(rig.emulator(of: String(domain)))
    }

    func testDesktopsOutliveEveryProcessOfTheNode() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one"])
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            let guest = try await emulator(farm, "one")

            try await farm.killAndAwaitSuccessor("hkd")
            try await farm.waitUntil("one", is: "running")
            let afterHKD = try await emulator(farm, "one")
            XCTAssertEqual(afterHKD, guest, "the desktop was restarted when HKD was killed")

            try await farm.killAndAwaitSuccessor("l7r")
            let afterRouter = try await emulator(farm, "one")
            XCTAssertEqual(afterRouter, guest, "the desktop was restarted when L7R was killed")

            try await node.stop()
            XCTAssert(DaemonRig.isAlive(guest), "SIGTERM of the daemon ended a desktop")
            let again = try await farm.startNode()
            try await farm.waitUntil("one", is: "running")
            let afterRestart = try await emulator(farm, "one")
            XCTAssertEqual(afterRestart, guest, "the desktop was restarted with the daemon")

            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
            XCTAssertFalse(DaemonRig.isAlive(guest))
            try await assertNothingIsLeft(farm)
            try await again.stop()
        }
    }

    func testTheRouterRunsAsItsOwnUserWithoutCapabilities() async throws {
        try await withFarm { farm, _ in
            let found = try await farm.process("l7r")
            let router = try XCTUnwrap(found)
            let status = try String(contentsOfFile: "/proc/\(router)/status", encoding: .utf8)
            let fields = Dictionary(
                status.split(separator: "\n").compactMap { line in
                    line.firstIndex(of: ":").map {
                        (String(line[..<$0]), line[line.index(after: $0)...].split(separator: "\t").map(String.init))
                    }
                }, uniquingKeysWith: { first, _ in first })
            XCTAssertEqual(fields["Uid"], ["64991", "64991", "64991", "64991"], "not the user qvd-l7r")
            for set in ["CapInh", "CapPrm", "CapEff", "CapAmb"] {
                XCTAssertEqual(fields[set], ["0000000000000000"], set)
            }
            XCTAssertEqual(fields["NoNewPrivs"], ["1"])
        }
    }

    func testASecondHouseKeeperIsRefused() async throws {
        try await withFarm { farm, node in
            do {
                try await RigCommand.run(
                    farm.programs.appending(path: "qvd-node").path, "hkd", "--config", farm.configuration)
                XCTFail("a second house keeper started")
            } catch let failure as RigFailure {
                XCTAssert(failure.description.contains("another house keeper runs on this node"), failure.description)
            }
        }
    }

    func testADesktopThatDiesIsStartedAgain() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one"])
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            let guest = try await emulator(farm, "one")
            kill(guest, SIGKILL)
            try await waitFor("the death to be noticed", upTo: .seconds(30)) {
                try await farm.state(of: "one") != "running"
            }
            try await farm.waitUntil("one", is: "running")
            let next = try await emulator(farm, "one")
            XCTAssertNotEqual(next, guest)
            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
            try await assertNothingIsLeft(farm)
        }
    }

    func testAHungGuestHoldsUpNobodyElse() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one", "two"])
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            let guest = try await emulator(farm, "one")
            kill(guest, SIGSTOP)
            try await farm.qvd("vm", "start", "two")
            try await farm.waitUntil("two", is: "running")
            kill(guest, SIGCONT)
            for vm in ["one", "two"] { try await farm.qvd("vm", "stop", vm) }
            for vm in ["one", "two"] { try await farm.waitUntil(vm, is: "stopped") }
            try await assertNothingIsLeft(farm)
        }
    }

    func testDHCPThatDiesIsBackForTheNextDesktop() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one"])
            let server = try await RigCommand.run("pgrep", "-n", "dnsmasq")
                .trimmingCharacters(in: .whitespacesAndNewlines)
            kill(try XCTUnwrap(pid_t(server)), SIGKILL)
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
        }
    }

    func testAMissingImageIsSaidOnTheVM() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one"])
            let images = "\(farm.folder)/storage/images"
            for name in try FileManager.default.contentsOfDirectory(atPath: images) where name.hasSuffix(".qcow2") {
                try FileManager.default.removeItem(atPath: "\(images)/\(name)")
            }
            try await farm.qvd("vm", "start", "one")
            try await waitFor("the error to be said", upTo: .seconds(30)) {
                try await farm.qvd("vm", "explain", "one").contains("image")
            }
            try await farm.waitUntil("one", is: "stopped")
            let words = try await farm.qvd("vm", "explain", "one")
            XCTAssert(words.contains(".qcow2"), "the image's file is not named: \(words)")
            try await assertNothingIsLeft(farm)
        }
    }

    func testNoSecretIsOnACommandLineOrInALogOrADefinition() async throws {
        try await withFarm { farm, node in
            try await farm.addDesktops(["one"])
            try await farm.qvd("vm", "start", "one")
            try await farm.waitUntil("one", is: "running")
            let folder = "\(farm.folder)/run/secrets"
            let files = try FileManager.default.contentsOfDirectory(atPath: folder)
            let file = try XCTUnwrap(files.first { $0.hasSuffix(".secret") })
            let secret = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
            XCTAssertEqual(secret.count, 64)
            var places = ["log of the node": node.logText(), "logs of libvirt": try await LibvirtRig.start().logs()]
            for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") where Int(name) != nil {
                let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") ?? Data()
                places["command line of \(name)"] = String(decoding: data, as: UTF8.self)
            }
            let names = try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--name")
            for name in names.split(separator: "\n") {
                places["definition of \(name)"] = try await RigCommand.run(
                    "virsh", "-c", LibvirtRig.uri, "dumpxml", "--security-info", String(name))
            }
            XCTAssert(places.keys.contains { $0.hasPrefix("definition of ") }, "no domain was looked at")
            for (place, text) in places.sorted(by: { $0.key < $1.key }) {
                XCTAssertFalse(text.contains(secret), "the agent's secret is in the \(place)")
            }
            let mode = try XCTUnwrap(
                FileManager.default.attributesOfItem(atPath: "\(folder)/\(file)")[.posixPermissions] as? Int)
            XCTAssertEqual(mode, 0o600)
            try await farm.qvd("vm", "stop", "one")
            try await farm.waitUntil("one", is: "stopped")
        }
    }

    /// No tap, chain, domain, secret or overlay of a stopped farm remains.
    private func assertNothingIsLeft(_ farm: FarmRig) async throws {
        let links = try await RigCommand.run("ip", "-o", "link", "show", "master", "qvdnet0")
        XCTAssertEqual(links, "", "taps are left")
        let rules = try await RigCommand.run("nft", "list", "ruleset")
        XCTAssertFalse(rules.contains("QVD_INPUT_"), "chains are left: \(rules)")
        let domains = try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "list", "--all", "--name")
        XCTAssertEqual(domains.trimmingCharacters(in: .whitespacesAndNewlines), "", "domains are left")
        for folder in ["run/secrets", "storage/overlays"] {
            let left = try FileManager.default.contentsOfDirectory(atPath: "\(farm.folder)/\(folder)")
                .filter { !$0.hasPrefix(".lock-") }
            XCTAssertEqual(left, [], "\(folder) is not empty")
        }
    }
}

import FarmControl
import FarmModel
import XCTest

final class ExplanationTests: XCTestCase {
    private static let addressPlan = try! AddressPlan(
        network: IPv4Address("10.3.0.0")!, prefixLength: 24, rangeStart: IPv4Address("10.3.0.100")!, gateway: nil)

    /// One user, one running node, one image, one VM.
    private let taken = Resources(memory: Mebibytes(300), cpus: 4)

    private func farm(_ change: (inout FarmSnapshot, inout VirtualMachine) -> Void) -> FarmSnapshot {
        var snapshot = FarmSnapshot(farm: FarmID(bits: 1), addressPlan: Self.addressPlan)
        snapshot.tenants = [Tenant(id: TenantID(1), name: "default")]
        snapshot.users = [User(id: UserID(1), tenant: TenantID(1), login: "alice")]
        snapshot.osfs = [
            OSFlavour(
                id: OSFID(1), tenant: TenantID(1), name: "Office", memory: Mebibytes(256), userDiskSize: Mebibytes(0),
                keepsOverlay: false)
        ]
        snapshot.images = [
            DiskImage(id: ImageID(1), osf: OSFID(1), file: "office-1", version: "v1", tags: ["default", "v1"]),
            DiskImage(id: ImageID(2), osf: OSFID(1), file: "office-2", version: "v2", tags: ["head", "v2"]),
        ]
        snapshot.nodes = [
            Node(id: NodeID(1), name: "node1", address: IPv4Address("10.3.0.2")!, state: .running)
        ]
        var vm = VirtualMachine(
            id: VMID(1), name: "desk", user: UserID(1), osf: OSFID(1), tag: "default",
            address: IPv4Address("10.3.0.200")!)
        change(&snapshot, &vm)
        snapshot.vms = [vm]
        snapshot.nodeLoads = snapshot.nodes.map { NodeLoad(node: $0, vms: 3, reserved: taken) }
        return snapshot
    }

    private func words(_ change: (inout FarmSnapshot, inout VirtualMachine) -> Void) throws -> String {
        let reasons = try XCTUnwrap(Explanation.of(VMID(1), in: farm(change), at: WallTime(seconds: 10_000)))
        return reasons.map(\.description).joined(separator: "\n")
    }

    private let assigned = Intent(
        wanted: .run, node: NodeID(1), epoch: Epoch(1), request: 1, requestedBy: "user alice@default")

    /// What is so, what must be said, and how it is made so.
    private typealias Case = (String, [String], (inout FarmSnapshot, inout VirtualMachine) -> Void)

    private let running = Observation(state: .running, since: WallTime(seconds: 9_400), image: ImageID(1))

    private var casesAtRest: [Case] {
        [
            ("stopped", ["is stopped.", "Nobody wants it", "start VM 1", "image 1 (version v1"], { _, _ in }),
            ("no node", ["the farm has none", "add a node"], { snapshot, _ in snapshot.nodes = [] }),
            (
                "no room", ["node1 has 200 MiB left of the 256 MiB", "raise what a node may give"],
                { snapshot, _ in snapshot.nodes[0].capacity.memory = Mebibytes(500) }
            ),
            ("no free node", ["node1 is blocked"], { snapshot, _ in snapshot.nodes[0].isBlocked = true }),
            (
                "draining", ["node1 is draining: it takes no VM any more", "resume node 1"],
                { snapshot, vm in
                    vm.intent = self.assigned
                    snapshot.nodes[0].isDraining = true
                }
            ),
            (
                "node down", ["has not begun yet", "node1 is stopped itself", "start qvd-node on node 1"],
                { snapshot, vm in
                    vm.intent = self.assigned
                    snapshot.nodes[0].state = .stopped
                }
            ),
            ("failed", ["failed: disk full"], { _, vm in vm.observation.lastError = "disk full" }),
            ("no image", ["could not start now", "no image with the tag x"], { _, vm in vm.tag = "x" }),
            (
                "blocked image", ["could not start now", "qvd di unblock 1"],
                { snapshot, _ in snapshot.images[0].isBlocked = true }
            ),
            (
                "blocked people", ["unblock VM 1", "unblock user 1", "unblock tenant 1"],
                { snapshot, vm in
                    vm.isBlocked = true
                    snapshot.users[0].isBlocked = true
                    snapshot.tenants[0].isBlocked = true
                }
            ),
        ]
    }

    private var casesOnANode: [Case] {
        [
            (
                "queued", ["User alice@default asked for it to run on node1", "within seconds"],
                { _, vm in vm.intent = self.assigned }
            ),
            (
                "starting", ["node1 is at: filter rules"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation = Observation(state: .starting, detail: "filter rules")
                }
            ),
            (
                "running", ["is running for 10 minutes.", "runs on node1 with address 10.3.0.200", "runs on image 1"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation = self.running
                }
            ),
            (
                "newer image", ["It runs on image 1 (version v1).", "Its next start uses image 2 (version v2"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation = self.running
                    vm.tag = "head"
                }
            ),
            (
                "told to stop", ["Root (uid 0) by qvd asked to stop it; node1 has not begun"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.intent.wanted = .stop
                    vm.intent.requestedBy = "root (uid 0) by qvd"
                    vm.observation = self.running
                }
            ),
            (
                "again", ["will start again on node1"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation.state = .stopping
                }
            ),
            (
                "zombie", ["cannot confirm that it is dead (destroy timed out)", "starts nowhere else"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation = Observation(state: .zombie, detail: "destroy timed out")
                }
            ),
            (
                "debugging", ["stopped answering", "stop VM 1"],
                { _, vm in
                    vm.intent = self.assigned
                    vm.observation.state = .debugging
                }
            ),
            (
                "session", ["A client is connected from 10.9.9.9 for 2 minutes.", "taking that session over"],
                { snapshot, vm in
                    vm.intent = self.assigned
                    vm.observation = self.running
                    snapshot.sessions = [
                        Session(
                            vm: VMID(1), token: SessionToken(router: "r", number: 1), state: .connected,
                            peer: "10.9.9.9", since: WallTime(seconds: 9_880), isTakeOverRequested: true)
                    ]
                }
            ),
        ]
    }

    func testEachStateIsExplainedWithWhatToDo() throws {
        for (name, expected, change) in casesAtRest + casesOnANode {
            let words = try words(change)
            for part in expected { XCTAssertTrue(words.contains(part), "\(name): no `\(part)` in:\n\(words)") }
        }
    }

    func testNothingIsSaidThatIsNotTheCase() throws {
        XCTAssertFalse(try words { _, _ in }.contains("No start is possible"), "node1 serves")
        let runs = try words { _, vm in
            vm.intent = self.assigned
            vm.observation = self.running
        }
        XCTAssertFalse(runs.contains("Its next start uses"), "it is the image that it runs on")
    }

    func testAVMThatIsNotHasNoExplanation() {
        XCTAssertNil(Explanation.of(VMID(9), in: farm { _, _ in }, at: WallTime(seconds: 1)))
    }
}

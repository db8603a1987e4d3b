import FarmModel
import FarmPorts
import Foundation
import LibvirtHypervisor
import NodeRig
import PortContracts
import XCTest

/// What the adapter does when libvirtd or an emulator dies, hangs or is not there.
final class LibvirtSurvivalTests: XCTestCase {
    private func start(_ vm: Int64, _ fixture: LibvirtFixture) async throws -> DomainName {
        let specification = try await fixture.specification(of: VMID(vm), epoch: Epoch(1))
        try await fixture.port.define(specification)
        try await fixture.port.create(specification.name)
        return specification.name
    }

    /// Reads the stream until this event came; says what came instead.
    private func require(
        _ event: HypervisorEvent, in stream: AsyncStream<HypervisorEvent>, within limit: Duration
    ) async {
        let read =
            await withTaskGroup(of: (isTold: Bool, others: [HypervisorEvent])?.self) { group in
                group.addTask {
                    var others: [HypervisorEvent] = []
                    for await one in stream {
                        if one == event { return (isTold: true, others: others) }
                        others.append(one)
                    }
                    return (isTold: false, others: others)
                }
                group.addTask {
                    // The limit; its end by cancellation says nothing.
                    try? await Task.sleep(for: limit)
                    return nil
                }
                let first = await group.next() ?? nil
                group.cancelAll()
                return if let first { first } else { await group.next() ?? nil }
            } ?? (isTold: false, others: [])
        XCTAssert(read.isTold, "no \(event) within \(limit); there came \(read.others)")
    }

    func testAKilledLibvirtdIsNoticedAndFoundAgainWithTheVMStillRunning() async throws {
        try await LibvirtFixture.run { fixture in
            let name = try await start(41, fixture)
            try await fixture.guestIsReady(name)
            let emulator = fixture.rig.emulator(of: name.text)
            let events = fixture.port.events()
            try await fixture.rig.kill()
            await require(.connectionLost, in: events, within: .seconds(5))
            let error = try await requireFailure(
                .unreachable, .unavailable, "observe without libvirtd",
                of: { () async throws(PortError) in try await fixture.port.observe() })
            XCTAssertTrue(error.detail.contains("libvirtd"), error.detail)
            let again = fixture.port.events()
            try await LibvirtRig.start()
            await require(.connectionRestored, in: again, within: .seconds(20))
            let found = try await fixture.port.observe().first { $0.name == name }
            XCTAssertEqual(found?.state, .running)
            XCTAssertEqual(found?.owner?.vm, VMID(41))
            XCTAssertEqual(fixture.rig.emulator(of: name.text), emulator, "another emulator than before")
            // A domain that ends before libvirtd has taken its emulator back is told by no event, only seen by a look.
            // What asks the emulator waits for that.
            try await RigCommand.run(
                "virsh", "-c", LibvirtRig.uri, "qemu-monitor-command", name.text, "--hmp", "info status")
            // Events flow again, and calls work.
            let later = fixture.port.events()
            try await fixture.port.destroy(name)
            await require(.stopped(name, .destroyed), in: later, within: .seconds(10))
        }
    }

    func testAVMThatDiesWhileLibvirtdIsDownIsObservedAsOff() async throws {
        try await LibvirtFixture.run { fixture in
            let name = try await start(42, fixture)
            let emulator = try XCTUnwrap(fixture.rig.emulator(of: name.text))
            try await fixture.rig.stop()
            XCTAssertEqual(kill(emulator, SIGKILL), 0)
            try await LibvirtRig.start()
            try await waitFor("\(name) to be off") {
                try await fixture.port.observe().first { $0.name == name }?.state == .shutOff
            }
        }
    }

    /// A libvirtd that finds no live domain numbers the starts anew: the second has the number of the first.
    func testAStartUnderANewLibvirtdIsNotTakenForTheOneOfTheSameNumberBefore() async throws {
        try await LibvirtFixture.run { fixture in
            func epochOfTheLive() async throws -> Epoch? {
                try await fixture.port.observe().first { $0.isLive }?.owner?.epoch
            }
            try await fixture.rig.kill()
            try await LibvirtRig.start()
            try await waitFor("libvirtd to be found again") { (try? await fixture.port.observe()) != nil }
            let name = try await start(48, fixture)
            for _ in 0..<2 {
                let epoch = try await epochOfTheLive()
                XCTAssertEqual(epoch, Epoch(1))
            }
            // Nobody looks between the two.
            try await fixture.port.destroy(name)
            try await fixture.rig.kill()
            try await LibvirtRig.start()
            let next = try await fixture.specification(of: VMID(48), epoch: Epoch(2))
            try await waitFor("the next start") {
                do throws(PortError) {
                    try await fixture.port.define(next)
                    try await fixture.port.create(name)
                    return true
                } catch {
                    return false
                }
            }
            let epoch = try await epochOfTheLive()
            XCTAssertEqual(epoch, Epoch(2))
        }
    }

    func testAHungLibvirtdMakesOutcomesUnknownUpToTheLimitAndThenRefusesAndRecovers() async throws {
        try await LibvirtFixture.run(
            shortCalls: .seconds(1),
            adjust: {
                $0.slotsMax = 2
                $0.abandonedMax = 3
            }
        ) { fixture in
            _ = try await fixture.port.observe()
            try fixture.rig.signal(SIGSTOP)
            var outcomes: [PortError] = []
            for _ in 0..<7 {
                do throws(PortError) {
                    _ = try await fixture.port.observe()
                } catch {
                    outcomes.append(error)
                }
            }
            try fixture.rig.signal(SIGCONT)
            // 2 slots, and 3 replaced: the sixth call finds none.
            XCTAssertEqual(outcomes.prefix(5).map(\.effect), Array(repeating: .outcomeUnknown, count: 5))
            XCTAssertEqual(outcomes.prefix(5).map(\.reason), Array(repeating: .timedOut, count: 5))
            XCTAssertEqual(outcomes.dropFirst(5).map(\.effect), [.unreachable, .unreachable])
            XCTAssertEqual(outcomes.dropFirst(5).map(\.reason), [.limit, .limit])
            try await waitFor("calls to work again") {
                do throws(PortError) {
                    _ = try await fixture.port.observe()
                    return true
                } catch {
                    return false
                }
            }
            // All slots are there again, not only one.
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<20 { group.addTask { _ = try await fixture.port.observe() } }
                try await group.waitForAll()
            }
        }
    }

    /// Nothing asks anything meanwhile: only the keepalive can tell.
    func testAFrozenLibvirtdIsNoticedByKeepaliveAndFoundAgain() async throws {
        try await LibvirtFixture.run { fixture in
            _ = try await fixture.port.observe()
            let events = fixture.port.events()
            let began = ContinuousClock.now
            try fixture.rig.signal(SIGSTOP)
            await require(.connectionLost, in: events, within: .seconds(40))
            print("a frozen libvirtd was noticed after \(ContinuousClock.now - began)")
            let again = fixture.port.events()
            try fixture.rig.signal(SIGCONT)
            await require(.connectionRestored, in: again, within: .seconds(20))
            _ = try await fixture.port.observe()
        }
    }

    func testACancelledCallReturnsAtOnce() async throws {
        try await LibvirtFixture.run(shortCalls: .seconds(60)) { fixture in
            _ = try await fixture.port.observe()
            try fixture.rig.signal(SIGSTOP)
            let begin = ContinuousClock.now
            let outcome = await withTaskGroup(of: PortError?.self) { group in
                group.addTask {
                    do throws(PortError) {
                        _ = try await fixture.port.observe()
                        return nil
                    } catch {
                        return error
                    }
                }
                group.cancelAll()
                return await group.next() ?? nil
            }
            XCTAssertLessThan(ContinuousClock.now - begin, .seconds(5))
            XCTAssertEqual(outcome?.reason, .cancelled)
            try fixture.rig.signal(SIGCONT)
        }
    }

    func testAFrozenEmulatorCanBeDestroyed() async throws {
        try await LibvirtFixture.run { fixture in
            let name = try await start(43, fixture)
            try await fixture.freezeEmulator(name)
            let emulator = try XCTUnwrap(fixture.rig.emulator(of: name.text))
            try await fixture.port.destroy(name)
            XCTAssertNotEqual(kill(emulator, 0), 0, "the emulator is still there after destroy returned")
        }
    }

    func testADiskThatIsMissingOrInUseIsSaid() async throws {
        try await LibvirtFixture.run { fixture in
            var missing = try await fixture.specification(of: VMID(44), epoch: Epoch(1))
            missing.disks.system = .file(path: "\(fixture.scratch.path)/nowhere.qcow2", format: .qcow2)
            try await fixture.port.define(missing)
            let error = try await requireFailure(
                .rejected, .invalid, "start without overlay",
                of: { () async throws(PortError) in try await fixture.port.create(missing.name) })
            XCTAssertTrue(error.detail.contains("nowhere.qcow2"), error.detail)
            // Image locking: the second emulator on one disk is refused.
            let first = try await start(45, fixture)
            var second = try await fixture.specification(of: VMID(46), epoch: Epoch(1))
            second.disks = try await fixture.specification(of: VMID(45), epoch: Epoch(1)).disks
            try await fixture.port.define(second)
            try await requireFailure(
                .rejected, .busy, "a second VM on one overlay",
                of: { () async throws(PortError) in try await fixture.port.create(second.name) })
            let running = try await fixture.port.observe().filter(\.isLive).map(\.name)
            XCTAssertEqual(running, [first])
        }
    }

    func testATapThatIsMissingIsSaid() async throws {
        try await LibvirtFixture.run { fixture in
            let specification = try await fixture.specification(of: VMID(47), epoch: Epoch(1))
            try await RigCommand.run("ip", "link", "del", "\(specification.networkPort.tap)")
            try await fixture.port.define(specification)
            do throws(PortError) {
                try await fixture.port.create(specification.name)
                XCTFail("started without its tap")
            } catch {
                XCTAssertEqual(error.effect, .rejected)
                XCTAssertTrue(error.detail.contains("tap is missing"), error.detail)
            }
            let taps = try await RigCommand.run("ip", "-o", "link")
            XCTAssertFalse(taps.contains("\(specification.networkPort.tap)"), "libvirt made a tap of its own")
        }
    }

    func testDomainsOfOthersAreListedWithoutOwnerAndLeftAlone() async throws {
        try await LibvirtFixture.run { fixture in
            let xml = """
                <domain type='qemu'><name>somebody-else</name><memory unit='MiB'>16</memory>
                <metadata><x:owner xmlns:x='urn:other' farm='0a0b0c' node='1' vm='1' epoch='1'/></metadata>
                <os><type arch='x86_64' machine='pc'>hvm</type></os></domain>
                """
            let file = "\(fixture.scratch.path)/other.xml"
            try xml.write(toFile: file, atomically: true, encoding: .utf8)
            try await RigCommand.run("virsh", "-c", LibvirtRig.uri, "define", file)
            let seen = try await fixture.port.observe().first { $0.name.text == "somebody-else" }
            XCTAssertEqual(
                seen, ObservedDomain(name: DomainName(observed: "somebody-else"), owner: nil, state: .shutOff)
            )
        }
    }

    func testWithoutLibvirtdEveryCallSaysSo() async throws {
        let port = LibvirtHypervisor(uri: "qemu:///system?socket=/nowhere/libvirt-sock")
        let name = DomainName(farm: FarmID("0a0b0c")!, vm: VMID(1))
        func requireUnreachable(_ call: () async throws(PortError) -> Void) async throws {
            let error = try await requireFailure(.unreachable, .unavailable, "without libvirtd", of: call)
            XCTAssertTrue(error.detail.contains("/nowhere/libvirt-sock"), error.detail)
        }
        try await requireUnreachable { () async throws(PortError) in try await port.create(name) }
        try await requireUnreachable { () async throws(PortError) in try await port.shutdown(name) }
        try await requireUnreachable { () async throws(PortError) in try await port.destroy(name) }
        try await requireUnreachable { () async throws(PortError) in try await port.undefine(name) }
        try await requireUnreachable { () async throws(PortError) in _ = try await port.observe() }
        try await requireUnreachable { () async throws(PortError) in _ = try await port.capabilities() }
        for await event in port.events() {
            XCTAssertEqual(event, .connectionLost)
            break
        }
    }
}

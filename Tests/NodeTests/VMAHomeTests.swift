import FarmModel
import Foundation
import GuestControl
import GuestProtocol
import NodeRig
import XCTest

/// The user disk of a guest: formatted once when it is empty, never otherwise, and the user's home on it.
final class VMAHomeTests: XCTestCase {
    private let homes = GuestRig.homes

    private func withDisk(_ megabytes: Int = 64, _ body: (GuestRig, String) async throws -> Void) async throws {
        let rig = try await GuestRig.make(diskMegabytes: megabytes)
        do {
            try await body(rig, try XCTUnwrap(rig.disk))
        } catch {
            try await rig.remove()
            throw error
        }
        try await rig.remove()
    }

    private func failure(
        _ rig: GuestRig, _ parameters: [String: String] = GuestRig.parameters()
    ) async throws -> String {
        let answer = try await rig.call(.startSession, parameters)
        guard case .failure(let text) = answer else {
            XCTFail("\(answer)")
            return ""
        }
        let state = try await rig.state()
        XCTAssertEqual(state, .stopped)
        return text
    }

    /// Of all but the first block, in which Linux itself notes that it found an ext4 broken.
    private func digest(_ rig: GuestRig) async throws -> String {
        try await RigCommand.run("sh", "-c", "tail -c +4097 \(rig.folder)/disk | sha256sum")
    }

    private func firstBlock(_ rig: GuestRig) async throws -> String {
        try await RigCommand.run("sh", "-c", "head -c 4096 \(rig.folder)/disk | sha256sum")
    }

    /// A home that an earlier image left on the disk.
    private func makeHome(_ rig: GuestRig, _ disk: String, owner: String) async throws {
        try await rig.inside(
            "sh", "-c",
            "mount \(disk) \(homes) && mkdir \(homes)/anna && chown \(owner) \(homes)/anna && umount \(homes)")
    }

    /// A fresh overlay: everything outside the user disk as on the first day.
    private func reboot(_ rig: GuestRig) async throws {
        _ = try await rig.call(.powerOff)
        try await waitFor("power off") { FileManager.default.fileExists(atPath: "\(rig.folder)/off") }
        try FileManager.default.removeItem(atPath: "\(rig.folder)/off")
        try await rig.signal("agent", "KILL")
        try await waitFor("the agent's end") { try !rig.isRunning("agent") }
        XCTAssertNil(rig.text("\(homes)/anna/.profile"), "the user disk is still mounted")
        for (name, text) in ["passwd": "root:x:0:0:root:/root:/bin/bash\n", "group": "root:x:0:\n"] {
            try text.write(toFile: "\(rig.folder)/etc/\(name)", atomically: true, encoding: .utf8)
        }
        try await rig.inside("sh", "-c", "rm -rf /run/qvd /tmp/.X100-lock")
        try await rig.startAgent()
    }

    func testAnEmptyDiskIsFormattedOnceAndItsFilesOutliveTheOverlay() async throws {
        try await withDisk { rig, disk in
            try await rig.startAgent()
            try await rig.startSession()
            let mounts = try XCTUnwrap(rig.text("/proc/1/mounts"))
            let line = try XCTUnwrap(mounts.split(separator: "\n").first { $0.hasPrefix("\(disk) \(homes) ext4") })
            XCTAssert(line.contains("nosuid") && line.contains("nodev"), String(line))
            let identity = try await RigCommand.run("blkid", "-p", "-o", "value", "-s", "UUID", disk)
            try await rig.inside("sh", "-c", "echo kept >\(homes)/anna/kept; chown 1000:1000 \(homes)/anna/kept")
            try "other:x:1000:1000::\(homes)/other:/bin/sh\n".write(
                toFile: "\(rig.folder)/unused", atomically: true, encoding: .utf8)
            for _ in 0..<2 {
                try await reboot(rig)
                try await rig.startSession()
                XCTAssertEqual(rig.text("\(homes)/anna/kept"), "kept\n")
                XCTAssertEqual(try rig.attributes("\(homes)/anna/kept").owner, 1000)
                let status = try XCTUnwrap(rig.text("/proc/\(rig.agentsProcess("nxagent"))/status"))
                XCTAssert(status.contains("Uid:\t1000\t"), status)
            }
            let after = try await RigCommand.run("blkid", "-p", "-o", "value", "-s", "UUID", disk)
            XCTAssertEqual(identity, after, "it was formatted again")
        }
    }

    func testTheUserIdIsTheHomesAlsoInAnotherImage() async throws {
        try await withDisk { rig, disk in
            try await RigCommand.run("mkfs.ext4", "-q", disk)
            try await makeHome(rig, disk, owner: "1042:1043")
            try await rig.startAgent()
            try await rig.startSession()
            let status = try XCTUnwrap(rig.text("/proc/\(rig.agentsProcess("nxagent"))/status"))
            XCTAssert(status.contains("Uid:\t1042\t") && status.contains("Gid:\t1043\t"), status)
            let passwd = try String(contentsOfFile: "\(rig.folder)/etc/passwd", encoding: .utf8)
            XCTAssert(passwd.contains("anna:x:1042:1043::\(homes)/anna:/bin/bash\n"), passwd)
            let shadow = try String(contentsOfFile: "\(rig.folder)/etc/shadow", encoding: .utf8)
            XCTAssert(shadow.contains("anna:!:"), "without a password nobody logs in: \(shadow)")
        }
    }

    func testAHomeOfAnotherAccountOfTheImageIsAnError() async throws {
        try await withDisk { rig, disk in
            try await RigCommand.run("mkfs.ext4", "-q", disk)
            try await makeHome(rig, disk, owner: "1042:1042")
            try await rig.inside("sh", "-c", "echo bert:x:1042:1042::\(homes)/bert:/bin/sh >>\(rig.folder)/etc/passwd")
            try await rig.startAgent()
            let text = try await failure(rig)
            XCTAssert(text.contains("bert") && text.contains("\(homes)/anna"), text)
        }
    }

    func testADiskWithAnySignatureOrDataIsLeftAsItIs() async throws {
        typealias Step = (name: String, make: (String, String) -> [String], said: String)
        let steps: [Step] = [
            ("swap", { device, _ in ["mkswap", device] }, "swap"),
            ("data in front", { device, _ in ["dd", "if=/etc/passwd", "of=\(device)", "conv=notrunc"] }, "data"),
            (
                "data at the end",
                { _, file in ["sh", "-c", "printf x | dd of=\(file) bs=1 seek=67108863 conv=notrunc"] }, "data"
            ),
            (
                "LUKS",
                { device, _ in ["sh", "-c", "printf 'LUKS\\272\\276\\0\\001' | dd of=\(device) conv=notrunc"] },
                "crypto_LUKS"
            ),
            (
                "a broken ext4",
                { device, _ in
                    [
                        "sh", "-c",
                        "mkfs.ext4 -q \(device) &&"
                            + " dd if=/dev/urandom of=\(device) bs=4096 seek=1 count=200 conv=notrunc",
                    ]
                }, "mount"
            ),
        ]
        for step in steps {
            try await withDisk { rig, disk in
                try await RigCommand.run(step.make(disk, "\(rig.folder)/disk"))
                try await RigCommand.run("sh", "-c", "sync; blockdev --flushbufs \(disk)")
                let before = try await digest(rig)
                let beginning = try await firstBlock(rig)
                try await rig.startAgent()
                let text = try await failure(rig)
                XCTAssert(text.contains(disk) && text.contains(step.said), "\(step.name): \(text)")
                let after = try await digest(rig)
                XCTAssertEqual(before, after, "\(step.name) was touched")
                if step.said != "mount" {
                    let beginningAfter = try await firstBlock(rig)
                    XCTAssertEqual(beginning, beginningAfter, "\(step.name) was touched")
                }
            }
        }
    }

    func testAFormattingThatWasInterruptedIsBegunAgain() async throws {
        try await withDisk { rig, disk in
            let place = (64 << 20) - HomeDisk.markDistance
            try await RigCommand.run(
                "sh", "-c",
                "printf '\(String(decoding: HomeDisk.mark, as: UTF8.self).replacingOccurrences(of: "\n", with: "\\n"))'"
                    + " | dd of=\(disk) bs=1 seek=\(place) conv=notrunc;"
                    + " dd if=/dev/urandom of=\(disk) bs=4096 seek=2 count=9 conv=notrunc; sync")
            try await rig.startAgent()
            try await rig.startSession()
            XCTAssertNotNil(rig.text("\(homes)/anna/.profile"))
            let rest = try await RigCommand.run(
                "sh", "-c", "tail -c \(HomeDisk.markDistance) \(disk) | head -c 16 | tr -d '\\0'")
            XCTAssertEqual(rest, "", "the mark is still there")
        }
    }

    func testADiskThatIsTooSmallOrNoDiskIsAnError() async throws {
        try await withDisk(1) { rig, disk in
            try await rig.startAgent()
            let small = try await failure(rig)
            XCTAssert(small.contains(disk) && small.contains("1048576 bytes"), small)
        }
        try await withDisk(64) { rig, _ in
            try await rig.startAgent(["--home-disk", "\(rig.folder)/disk"])
            let file = try await failure(rig)
            XCTAssert(file.contains("no block device"), file)
        }
    }

    func testSomethingElseOnTheHomeFolderIsAnError() async throws {
        try await withDisk { rig, disk in
            try await rig.inside("mount", "-t", "tmpfs", "elsewhere", "\(homes)")
            try await rig.startAgent()
            let text = try await failure(rig)
            XCTAssert(text.contains("elsewhere") && text.contains(disk), text)
        }
    }

    func testPowerOffEndsTheSessionAndReleasesTheDisk() async throws {
        try await withDisk { rig, disk in
            try rig.setSession("#!/bin/bash\ncd \"$HOME\"\nsetsid sleep 1000 &\nexec sleep 1000\n")
            try await rig.startAgent()
            try await rig.startDisplay()
            try await rig.connect()
            let nxagent = try rig.agentsProcess("nxagent")
            let answer = try await rig.call(.powerOff)
            XCTAssertEqual(answer, .alive)
            let late = try await rig.call(.startSession, GuestRig.parameters())
            guard case .failure = late else { return XCTFail("a session started while powering off: \(late)") }
            try await waitFor("power off") { FileManager.default.fileExists(atPath: "\(rig.folder)/off") }
            XCTAssertNil(rig.text("/proc/\(nxagent)/stat"))
            let mounts = try XCTUnwrap(rig.text("/proc/1/mounts"))
            XCTAssertFalse(mounts.contains("\(disk) "), mounts)
            try await RigCommand.run("e2fsck", "-fn", disk)
        }
    }
}

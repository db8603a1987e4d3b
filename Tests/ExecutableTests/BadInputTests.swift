import FarmModel
import FarmPorts
import FarmStore
import Foundation
import SQLRecords
import XCTest

@testable import SQLiteStore

/// What an administrator can get wrong: each is refused in one line that names the place and the reason, and leaves
/// everything as it was.
final class BadInputTests: XCTestCase {
    private var rig: AdministrationRig!
    private var store: SQLiteStore!

    override func setUp() async throws {
        rig = try AdministrationRig()
        try rig.makeFarm()
        store = try await SQLiteStore.open(at: rig.database)
    }

    override func tearDown() async throws {
        // Nil when the set-up failed.
        await store?.close()
        store = nil
        rig = nil
    }

    private func assertRefused(
        _ arguments: [String], _ words: String..., input: String = "", line: UInt = #line
    ) async throws {
        let before = try await rig.everything(in: store)
        let answer = try rig.qvd(arguments, input: input)
        XCTAssertEqual(answer.status, 1, "\(arguments) \(answer.errors)", line: line)
        XCTAssertEqual(answer.output, "", line: line)
        XCTAssertEqual(answer.errors.filter { $0 == "\n" }.count, 1, answer.errors, line: line)
        for word in words {
            XCTAssertTrue(answer.errors.contains(word), "no `\(word)` in: \(answer.errors)", line: line)
        }
        let after = try await rig.everything(in: store)
        XCTAssertEqual(after.rows, before.rows, "something changed", line: line)
        XCTAssertEqual(after.files, before.files, line: line)
    }

    func testNamesThatAreTaken() async throws {
        try rig.qvd("tenant", "add", "acme")
        try await assertRefused(["tenant", "add", "ACME"], "tenant `acme` already", "number 2")
        try await assertRefused(["user", "add", "alice"], "user `alice@default` already", "number 1", input: "x\n")
        try await assertRefused(["osf", "add", "office", "--memory", "256"], "office", "already")
        try await assertRefused(["node", "add", "node1", "--address", "10.3.0.2"], "node `node1` already")
        try await assertRefused(["node", "add", "node2", "--address", "10.3.0.1"], "10.3.0.1", "node1")
        try await assertRefused(["vm", "add", "desk", "--user", "alice", "--osf", "office"], "VM `desk`", "number 1")
        try await assertRefused(
            ["vm", "add", "two", "--user", "alice", "--osf", "office", "--address", "10.3.0.254"], "10.3.0.254",
            "VM 1 (desk)")
        try await assertRefused(["di", "add", "office", rig.path("base.qcow2"), "--version", "head"], "head")
        try rig.qvd("property", "add", "vm", "desk", "k", "v")
        try await assertRefused(["property", "add", "vm", "desk", "k", "w"], "`k` already")
        try rig.qvd("config", "add", "k", "v")
        try await assertRefused(["config", "add", "k", "w"], "`k` is set already")
    }

    func testAddressesOutsideTheirRange() async throws {
        func add(_ address: String) -> [String] {
            ["vm", "add", "two", "--user", "alice", "--osf", "office", "--address", address]
        }
        for address in ["10.3.0.99", "10.3.1.1", "10.4.0.200", "0.0.0.0"] {
            try await assertRefused(add(address), "VM address \(address) is outside the range 10.3.0.100 to 10.3.0.254")
        }
        try await assertRefused(["node", "add", "node2", "--address", "10.3.0.100"], "10.3.0.100", "10.3.0.99")
        try await assertRefused(["node", "add", "node2", "--address", "10.9.9.9"], "10.9.9.9")
        try await assertRefused(["config", "set", "vm.network.ip.start", "10.3.0.1"], "fixed for this farm")
        for text in ["10.3.0.300", "banana", ""] {
            let answer = try rig.qvd(add(text))
            XCTAssertEqual(answer.status, 2, text)
            XCTAssertTrue(answer.errors.contains("--address"), answer.errors)
        }
    }

    func testAFullRangeSaysSo() throws {
        let small = try AdministrationRig()
        try small.makeFarm(network: "10.3.0.0/29", rangeStart: "10.3.0.5")
        XCTAssertEqual(try small.qvd("vm", "add", "two", "--user", "alice", "--osf", "office").status, 0)
        let answer = try small.qvd("vm", "add", "three", "--user", "alice", "--osf", "office")
        XCTAssertEqual(answer.status, 1)
        XCTAssertTrue(answer.errors.contains("every VM address from 10.3.0.5 to 10.3.0.6 is taken"), answer.errors)
        // A deleted VM's address is free again; one whose row lives is not.
        XCTAssertEqual(try small.qvd("vm", "delete", "two").status, 0)
        XCTAssertTrue(
            try small.qvd("vm", "add", "three", "--user", "alice", "--osf", "office").output.contains("10.3.0.5"))
    }

    func testImagesInUse() async throws {
        try await assertRefused(["di", "delete", "office:default"], "image 1", "VM 1 (desk)", "qvd di tag")
        try await assertRefused(["osf", "delete", "office"], "VM 1 (desk)")
        try rig.qvd("di", "add", "office", rig.path("base.qcow2"), "--version", "next")
        try await assertRefused(["di", "delete", "next"], "there is no image `next`")
        try await assertRefused(["di", "delete", "office:next"], "`head`", "qvd di tag")
        // A VM that runs on image 1 while its tag has moved on.
        try await store.reportState(of: NodeID(1), .running, at: WallTime(seconds: 1))
        XCTAssertEqual(try rig.qvd("vm", "start", "desk").status, 0)
        try await store.report(
            Observation(state: .running, since: WallTime(seconds: 2), image: ImageID(1)), of: VMID(1), by: NodeID(1),
            epoch: Epoch(1))
        XCTAssertEqual(try rig.qvd("di", "tag", "office:next", "default").status, 0)
        try await assertRefused(["di", "delete", "1"], "image 1", "VM 1 (desk)")
    }

    func testImagesThatAreMissingOrNone() async throws {
        try await assertRefused(
            ["di", "add", "office", "/nonexistent/a.qcow2"], "/nonexistent/a.qcow2", "No such file")
        try await assertRefused(["di", "add", "office", rig.folder.path], "not a regular file")
        try "garbage".write(toFile: rig.path("bad.qcow2"), atomically: true, encoding: .utf8)
        try await assertRefused(["di", "add", "office", rig.path("bad.qcow2")], "bad.qcow2", "is no qcow2 image")
        try await assertRefused(["di", "add", "nothere", rig.path("base.qcow2")], "no OSF `nothere`", "osf list")
    }

    /// Its guest would read the node's file, whatever that is.
    func testImagesThatNameFilesOfTheNode() async throws {
        let secret = rig.path("secret.bin")
        try Data(repeating: 0x53, count: 1 << 20).write(to: URL(fileURLWithPath: secret))
        for (name, option) in [
            ("data.qcow2", "data_file=\(secret),data_file_raw=on"),
            ("my layer.img", "backing_file=\(secret),backing_fmt=raw"),
        ] {
            XCTAssertEqual(
                rig.run("/usr/bin/qemu-img", "create", "-q", "-f", "qcow2", "-o", option, rig.path(name), "1M"), 0)
            try await assertRefused(["di", "add", "office", rig.path(name)], name, "`\(secret)`", "qemu-img convert")
        }
        // The command that the refusal advises makes an image that is taken.
        let errors = try rig.qvd("di", "add", "office", rig.path("my layer.img")).errors
        let command = try XCTUnwrap(errors.range(of: "qemu-img convert"))
        XCTAssertEqual(rig.run("/bin/sh", "-c", String(errors[command.lowerBound...])), 0)
        XCTAssertEqual(try rig.qvd("di", "add", "office", rig.path("my layer.qcow2")).status, 0)
        XCTAssertEqual(rig.run("/usr/bin/qemu-img", "create", "-q", "-f", "vmdk", rig.path("win.vmdk"), "1M"), 0)
        try await assertRefused(
            ["di", "add", "office", rig.path("win.vmdk")], "VMware", "qemu-img convert -f vmdk -O qcow2")
    }

    func testObjectsThatAreNotThere() async throws {
        for (arguments, words) in [
            (["vm", "start", "desk", "--node", "node9"], "there is no node `node9`"),
            (["vm", "stop", "9"], "there is no VM `9`"), (["vm", "delete", "id:9"], "there is no VM `id:9`"),
            (["user", "delete", "bob"], "there is no user `bob`"), (["node", "block", "n"], "there is no node `n`"),
            (["tenant", "delete", "t"], "there is no tenant `t`"), (["osf", "delete", "o"], "there is no OSF `o`"),
            (["property", "set", "vm", "9", "k", "v"], "there is no VM `9`"),
            (["property", "delete", "vm", "desk", "k"], "no property `k`"),
            (["config", "delete", "k"], "no configuration key `k`"), (["vm", "explain", "9"], "there is no VM `9`"),
            (["vm", "set", "desk", "--tag", "nope"], "no tag `nope`"),
            (["vm", "add", "x", "--user", "bob", "--osf", "office"], "there is no user `bob`"),
        ] { try await assertRefused(arguments, words) }
    }

    func testASchemaFromTheFutureIsNotTouched() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        try run("INSERT INTO schema_migrations (number) VALUES (99)", on: rig.database)
        let before = try Data(contentsOf: URL(filePath: rig.database))
        for arguments in [["vm", "list"], ["tenant", "add", "acme"], ["upgrade"], ["status"]] {
            let answer = try rig.qvd(arguments)
            XCTAssertEqual(answer.status, 1, "\(arguments)")
            XCTAssertTrue(answer.errors.contains("schema 99"), answer.errors)
            XCTAssertTrue(answer.errors.contains(rig.database), answer.errors)
            XCTAssertEqual(answer.errors.filter { $0 == "\n" }.count, 1, answer.errors)
        }
        XCTAssertEqual(try Data(contentsOf: URL(filePath: rig.database)), before)
    }

    /// The connection is closed when this returns.
    private func run(_ statement: String, on path: String) throws {
        try SQLiteConnection(path: path, busyTimeout: 1000).run(statement)
    }

    func testAFileThatIsNoDatabaseIsNotTouched() throws {
        for garbage in ["", "garbage, not a database at all", String(repeating: "\u{0}", count: 8192)] {
            let other = try AdministrationRig()
            try FileManager.default.createDirectory(
                atPath: other.path("database"), withIntermediateDirectories: true)
            try garbage.write(toFile: other.database, atomically: true, encoding: .utf8)
            for arguments in [
                ["vm", "list"], ["init", "--network", "10.3.0.0/24", "--range-start", "10.3.0.100"],
            ] {
                let answer = try other.qvd(arguments)
                XCTAssertEqual(answer.status, 1, "\(arguments) on \(garbage.prefix(7).debugDescription)")
                XCTAssertTrue(answer.errors.contains(other.database), answer.errors)
            }
            XCTAssertEqual(try String(contentsOfFile: other.database, encoding: .utf8), garbage)
        }
    }

    func testAConfigurationWithAMistakeIsNamedWithItsLine() throws {
        let before = try String(contentsOfFile: rig.configuration, encoding: .utf8)
        try (before + "\nl7r.prot = 8443\n").write(toFile: rig.configuration, atomically: true, encoding: .utf8)
        let answer = try rig.qvd("vm", "list")
        XCTAssertEqual(answer.status, 1)
        XCTAssertTrue(answer.errors.contains("node.conf:6: unknown key `l7r.prot`"), answer.errors)
    }
}

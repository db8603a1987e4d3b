import FarmModel
import FarmPorts
import FarmStore
import Foundation
import SQLiteStore
import XCTest

/// `qvd` as an administrator meets it.
final class AdministrationTests: XCTestCase {
    private func objects(_ answer: AdministrationRig.Answer) throws -> [[String: Any]] {
        XCTAssertEqual(answer.status, 0, answer.errors)
        let object = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
        return try XCTUnwrap((object as? [[String: Any]]) ?? (object as? [String: Any]).map { [$0] })
    }

    func testEveryListIsATableForPeopleAndJSONForPrograms() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        try rig.qvd("property", "set", "vm", "desk", "key", "a \"quoted\"\nvalue\u{1b}[31m")
        try rig.qvd("config", "set", "key", "Grüße, 漢字")
        for (noun, column) in [
            ("tenant", "NAME"), ("user", "LOGIN"), ("osf", "MEMORY"), ("di", "VERSION"), ("node", "ADDRESS"),
            ("vm", "STATE"), ("property", "VALUE"), ("config", "VALUE"),
        ] {
            let table = try rig.qvd(noun, "list")
            XCTAssertEqual(table.status, 0, table.errors)
            let lines = table.output.split(separator: "\n")
            XCTAssertEqual(lines.count, 2, table.output)
            XCTAssertTrue(lines[0].contains(column), table.output)
            XCTAssertFalse(table.output.contains("\u{1b}"), "a value must not steer the terminal")
            XCTAssertEqual(try objects(rig.qvd(noun, "list", "--json")).count, 1, noun)
        }
        XCTAssertEqual(
            try objects(rig.qvd("property", "list", "--json"))[0]["value"] as? String, "a \"quoted\"\nvalue\u{1b}[31m")
        let table = try rig.qvd("property", "list").output
        XCTAssert(table.contains("a \"quoted\"\\u{A}value\\u{1B}[31m"), table)
        XCTAssertEqual(try objects(rig.qvd("config", "list", "--json"))[0]["value"] as? String, "Grüße, 漢字")
    }

    func testImagesAreChosenByTag() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        XCTAssertEqual(try rig.qvd("di", "add", "office", rig.path("base.qcow2"), "--version", "spring").status, 0)
        func tags() throws -> [[String]] {
            try objects(rig.qvd("di", "list", "--json")).compactMap { $0["tags"] as? [String] }
        }
        XCTAssertEqual(try tags(), [["default"], ["head"]])
        XCTAssertTrue(try rig.qvd("vm", "explain", "desk").output.contains("image 1"))
        XCTAssertEqual(try rig.qvd("vm", "set", "desk", "--tag", "head").status, 0)
        XCTAssertTrue(try rig.qvd("vm", "explain", "desk").output.contains("image 2 (version spring"))
        XCTAssertEqual(try rig.qvd("vm", "set", "desk", "--tag", "default").status, 0)
        XCTAssertEqual(try rig.qvd("di", "tag", "office:spring", "default").status, 0)
        XCTAssertEqual(try tags(), [[], ["default", "head"]])
        XCTAssertTrue(try rig.qvd("vm", "explain", "desk").output.contains("image 2 (version spring"))
        XCTAssertEqual(try rig.qvd("di", "tag", "office:spring", "exam").status, 0)
        XCTAssertEqual(try rig.qvd("vm", "set", "desk", "--tag", "exam").status, 0)
        XCTAssertTrue(try complaint(rig.qvd("di", "untag", "office:spring", "spring")).contains("version"))
        XCTAssertTrue(try complaint(rig.qvd("di", "tag", "1", "spring")).contains("version"))
    }

    func testVMsAreStartedStoppedAndBlockedThroughTheStore() async throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        func row() throws -> [String: Any] { try objects(rig.qvd("vm", "show", "desk", "--json"))[0] }
        let store = try await SQLiteStore.open(at: rig.database)
        try await store.reportState(of: NodeID(1), .running, at: WallTime(seconds: 1_700_000_000))
        XCTAssertEqual(try rig.qvd("vm", "start", "desk").output, "VM 1 (desk) will start on node1\n")
        XCTAssertEqual(try row()["wanted"] as? String, "run")
        XCTAssertEqual(try row()["node"] as? String, "node1")
        XCTAssertEqual(try row()["epoch"] as? Int, 1)
        let waiting = try rig.qvd("vm", "explain", "desk").output
        XCTAssertTrue(waiting.contains("asked for it to run on node1") && waiting.contains("uid"), waiting)
        XCTAssertTrue(try rig.qvd("vm", "start", "desk").output.contains("already"))

        let running = Observation(state: .running, since: WallTime(seconds: 1_700_000_000), image: ImageID(1))
        _ = try await store.begin(VMID(1), by: NodeID(1), epoch: Epoch(1), secret: AgentSecret("abc"))
        try await store.report(running, of: VMID(1), by: NodeID(1), epoch: Epoch(2))
        XCTAssertTrue(try complaint(rig.qvd("vm", "delete", "desk")).contains("is running; stop it with"))
        XCTAssertTrue(try complaint(rig.qvd("vm", "delete", "desk", "--delete-user-disk")).contains("is running"))
        XCTAssertTrue(try complaint(rig.qvd("node", "delete", "node1")).contains("desk"))
        XCTAssertEqual(try rig.qvd("vm", "block", "desk").status, 0)
        XCTAssertEqual(try row()["state"] as? String, "running", "a blocked VM that runs goes on")
        XCTAssertEqual(try rig.qvd("vm", "stop", "desk").output, "VM 1 (desk) will stop\n")
        XCTAssertEqual(try row()["wanted"] as? String, "stop")
        try await store.release(
            VMID(1), by: NodeID(1), epoch: Epoch(2), request: 2, error: nil, at: WallTime(seconds: 1_700_000_060))
        XCTAssertTrue(try rig.qvd("vm", "stop", "desk").output.contains("stopped already"))
        XCTAssertTrue(try complaint(rig.qvd("vm", "start", "desk")).contains("qvd vm unblock 1"))
        XCTAssertEqual(try rig.qvd("vm", "unblock", "desk").status, 0)
        XCTAssertEqual(try rig.qvd("vm", "start", "desk", "--node", "node1").status, 0)
        XCTAssertEqual(try row()["epoch"] as? Int, 3)
        let audit = try rig.qvd("audit").output
        for action in ["start VM 1 (desk)", "stop VM 1 (desk)", "delete VM 1 (desk)", "VM 1 (desk) is running"] {
            XCTAssertTrue(audit.contains(action), "\(action) is not in\n\(audit)")
        }
        await store.close()
    }

    /// The words of a failure: exit code 1, one line on standard error, nothing on standard output.
    private func complaint(_ answer: AdministrationRig.Answer, line: UInt = #line) -> String {
        XCTAssertEqual(answer.status, 1, answer.errors, line: line)
        XCTAssertEqual(answer.output, "", line: line)
        XCTAssertEqual(answer.errors.filter { $0 == "\n" }.count, 1, answer.errors, line: line)
        XCTAssertTrue(answer.errors.hasPrefix("qvd: "), answer.errors, line: line)
        return answer.errors
    }

    func testAFarmIsMadeAndListedWithTheDaemonDown() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let vm = try XCTUnwrap(objects(rig.qvd("vm", "list", "--json")).first)
        XCTAssertEqual(vm["name"] as? String, "desk")
        XCTAssertEqual(vm["user"] as? String, "alice")
        XCTAssertEqual(vm["address"] as? String, "10.3.0.254")
        XCTAssertEqual(vm["state"] as? String, "stopped")
        XCTAssertEqual(vm["node"] as? NSNull, NSNull())
        let table = try rig.qvd("vm", "list").output.split(separator: "\n")
        XCTAssertEqual(table.count, 2)
        XCTAssertTrue(table[0].hasPrefix("ID  NAME  USER   OSF     TAG"), String(table[0]))
        XCTAssertEqual(try objects(rig.qvd("vm", "show", "desk", "--json"))[0]["mac"] as? String, "54:52:00:03:00:fe")
        let image = try XCTUnwrap(objects(rig.qvd("di", "list", "--json")).first)
        XCTAssertEqual(image["tags"] as? [String], ["default", "head"])
        XCTAssertTrue(FileManager.default.fileExists(atPath: rig.path("storage/images/base.qcow2")))
        XCTAssertTrue(try rig.qvd("vm", "explain", "desk").output.contains("node1 is stopped"))
        XCTAssertEqual(try objects(rig.qvd("node", "show", "node1", "--json"))[0]["since"] as? NSNull, NSNull())
        let status = try objects(rig.qvd("status", "--json"))[0]
        XCTAssertEqual(status["vm_addresses"] as? String, "10.3.0.100 to 10.3.0.254, 1 of 155 taken")
        XCTAssertEqual((status["farm"] as? String)?.count, 6)
    }

    func testEveryNounIsSetShownAndDeleted() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        for command in [
            ["tenant", "add", "acme"], ["tenant", "set", "acme", "--blocked"], ["tenant", "unblock", "acme"],
            ["user", "set", "alice", "--blocked"], ["user", "unblock", "alice"],
            ["osf", "set", "office", "--memory", "1G", "--user-disk", "64", "--keep-overlay"],
            ["di", "tag", "office:default", "stable"], ["di", "block", "1"], ["di", "set", "1", "--no-blocked"],
            ["node", "block", "node1"], ["node", "set", "node1", "--no-blocked"],
            ["vm", "set", "desk", "--tag", "stable", "--name", "<desk> 'one'"], ["vm", "block", "id:1"],
            ["vm", "unblock", "<desk> 'one'"], ["property", "set", "vm", "1", "k", "v=\"1\""],
            ["property", "add", "user", "alice", "k", "w"], ["config", "set", "a.b", "c"],
        ] {
            let process = try rig.start(command)
            process.waitUntilExit()
            XCTAssertEqual(process.terminationStatus, 0, "\(command)")
        }
        let osf = try objects(rig.qvd("osf", "show", "office", "--json"))[0]
        XCTAssertEqual(osf["memory"] as? Int, 1024)
        XCTAssertEqual(osf["overlay"] as? String, "kept")
        let vm = try objects(rig.qvd("vm", "show", "1", "--json"))[0]
        XCTAssertEqual(vm["name"] as? String, "<desk> 'one'")
        XCTAssertEqual(vm["properties"] as? [String: String], ["k": "v=\"1\""])
        XCTAssertEqual(try rig.qvd("property", "show", "user", "alice", "k").output, "w\n")
        XCTAssertEqual(try rig.qvd("config", "show", "a.b").output, "c\n")
        XCTAssertEqual(try objects(rig.qvd("property", "list", "--json")).count, 2)
        XCTAssertTrue(try complaint(rig.qvd("di", "delete", "1")).contains("<desk> 'one'"))
        for command in [
            ["property", "delete", "vm", "1", "k"], ["config", "delete", "a.b"], ["vm", "delete", "1"],
            ["di", "untag", "1", "stable"], ["di", "delete", "1"], ["osf", "delete", "office"],
            ["user", "delete", "alice"], ["tenant", "delete", "acme"], ["node", "delete", "node1"],
        ] {
            let process = try rig.start(command)
            process.waitUntilExit()
            XCTAssertEqual(process.terminationStatus, 0, "\(command)")
        }
        XCTAssertEqual(try rig.qvd("vm", "list").output, "none\n")
        XCTAssertEqual(try rig.qvd("di", "list", "--json").output, "[]\n")
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: rig.path("storage/images")), [])
    }

    func testFailuresSayWhatAndWhatToDoInOneLine() throws {
        let rig = try AdministrationRig()
        XCTAssertTrue(try complaint(rig.qvd("vm", "list")).contains("qvd init"))
        try rig.makeFarm()
        XCTAssertTrue(
            try complaint(rig.qvd("init", "--network", "10.3.0.0/24", "--range-start", "10.3.0.100"))
                .contains("left as it is"))
        XCTAssertTrue(try complaint(rig.qvd("vm", "start", "desk")).contains("node1 is stopped"))
        XCTAssertTrue(try complaint(rig.qvd("vm", "show", "nothere")).contains("qvd vm list"))
        XCTAssertTrue(try complaint(rig.qvd("node", "add", "n2", "--address", "10.3.0.200")).contains("10.3.0.99"))
        XCTAssertTrue(try complaint(rig.qvd("user", "add", "ALICE", input: "x\n")).contains("alice@default"))
        XCTAssertTrue(try complaint(rig.qvd("user", "add", "bob", input: "\n")).contains("password is empty"))
        XCTAssertTrue(try complaint(rig.qvd("di", "add", "office", "/nonexistent")).contains("/nonexistent"))
        try "garbage".write(toFile: rig.path("bad.qcow2"), atomically: true, encoding: .utf8)
        XCTAssertTrue(
            try complaint(rig.qvd("di", "add", "office", rig.path("bad.qcow2"))).contains("is no qcow2 image"))
        XCTAssertEqual(
            try FileManager.default.contentsOfDirectory(atPath: rig.path("storage/images")), ["base.qcow2"])
        let plan = try rig.qvd("init", "--network", "10.3.0.0/24", "--range-start", "10.4.0.100")
        XCTAssertTrue(complaint(plan).contains("10.4.0.100"))
    }

    func testWrongUsageExitsWithTwoAndChangesNothing() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        for arguments in [["vm", "strat", "desk"], ["vm", "add"], ["osf", "set", "office"], ["init"], ["nonsense"]] {
            let process = try rig.start(arguments)
            process.waitUntilExit()
            XCTAssertEqual(process.terminationStatus, 2, "\(arguments)")
        }
        // A password as an argument would be read by everybody on the machine.
        XCTAssertEqual(try rig.qvd("user", "add", "bob", "secret").status, 2)
        XCTAssertEqual(try rig.qvd("user", "add", "bob", "--password", "secret").status, 2)
        XCTAssertEqual(try objects(rig.qvd("user", "list", "--json")).count, 1)
        let help = try rig.qvd("--help")
        XCTAssertEqual(help.status, 0)
        XCTAssertTrue(help.output.contains("A first farm:"), help.output)
    }

    func testPasswordsComeFromFilesOrStandardInputAndAreNowhereToBeRead() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        try "correct horse\nsecond line\n".write(toFile: rig.path("password"), atomically: true, encoding: .utf8)
        XCTAssertEqual(try rig.qvd("user", "add", "bob", "--password-file", rig.path("password")).status, 0)
        XCTAssertEqual(
            try rig.qvd("user", "passwd", "bob", "--password-file", "-", input: "battery staple\n").status, 0)
        XCTAssertTrue(
            try complaint(rig.qvd("user", "passwd", "bob", "--password-file", "/nonexistent")).contains("/nonexistent"))
        let audit = try rig.qvd("audit", "--json").output
        XCTAssertTrue(audit.contains("set user 2 (bob@default): password"), audit)
        var holdsTheUser = false
        for name in try FileManager.default.contentsOfDirectory(atPath: rig.path("database")) {
            let bytes = try Data(contentsOf: URL(filePath: rig.path("database/\(name)")))
            if bytes.range(of: Data("bob".utf8)) != nil { holdsTheUser = true }
            for secret in ["correct horse", "battery staple", "wonderland"] {
                XCTAssertNil(bytes.range(of: Data(secret.utf8)), "\(secret) is in \(name)")
            }
        }
        XCTAssert(holdsTheUser, "these are not the files that hold the farm")
        for secret in ["scrypt", "horse", "wonderland"] { XCTAssertFalse(audit.contains(secret)) }
    }

    /// On a terminal of its own, by script(1), which is on every Debian machine.
    func testAPasswordIsAskedForTwiceAndNotShown() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/script")
        let program = AdministrationRig.program.path
        process.arguments = ["-qec", "'\(program)' --config '\(rig.configuration)' user add bob", "/dev/null"]
        let (input, output) = (Pipe(), Pipe())
        process.standardInput = input
        process.standardOutput = output
        try process.run()
        var shown = ""
        func wait(for words: String) {
            while !shown.contains(words) {
                let data = output.fileHandleForReading.availableData
                guard !data.isEmpty else { return XCTFail("no `\(words)` in: \(shown)") }
                shown += String(decoding: data, as: UTF8.self)
            }
        }
        for question in ["Password of bob: ", "The same again: "] {
            wait(for: question)
            try input.fileHandleForWriting.write(contentsOf: Data("wonderland\n".utf8))
        }
        wait(for: "made user 2 (bob@default)")
        process.waitUntilExit()
        XCTAssertEqual(process.terminationStatus, 0)
        XCTAssertFalse(shown.contains("wonderland"), shown)
    }

    func testAUserDiskOutlivesItsVMUnlessItIsAskedFor() throws {
        let rig = try AdministrationRig()
        try rig.makeFarm()
        try rig.qvd("vm", "add", "lab", "--user", "alice", "--osf", "office")
        let name = try XCTUnwrap(objects(rig.qvd("status", "--json"))[0]["farm"] as? String)
        for vm in 1...2 {
            try Data(count: 4096).write(to: URL(filePath: rig.path("storage/homes/\(name)-\(vm).raw")))
        }
        XCTAssertEqual(try rig.qvd("disks", "list").output, "none\n")
        XCTAssertTrue(try complaint(rig.qvd("disks", "delete", "1")).contains("exists"))
        XCTAssertTrue(try rig.qvd("vm", "delete", "desk").output.contains("stays"))
        let deleted = try rig.qvd("vm", "delete", "lab", "--delete-user-disk")
        XCTAssertEqual(deleted.status, 0)
        XCTAssertTrue(deleted.output.contains("will be deleted as soon as a node"), deleted.output)
        let disks = try objects(rig.qvd("disks", "list", "--json"))
        XCTAssertEqual(disks.map { $0["vm"] as? Int }, [1, 2])
        XCTAssertEqual(disks.map { $0["state"] as? String }, ["detached", "to be deleted"])
        XCTAssertTrue(try rig.qvd("disks", "delete", "1").output.contains("the user disk of VM 1 will be deleted"))
        XCTAssertEqual(try rig.qvd("disks", "delete", "1").status, 0, "wished twice")
        XCTAssertTrue(try complaint(rig.qvd("disks", "delete", "3")).contains("no user disk"))
        for vm in 1...2 {
            XCTAssertTrue(
                FileManager.default.fileExists(atPath: rig.path("storage/homes/\(name)-\(vm).raw")),
                "no node has run that could delete it")
        }
    }
}

import XCTest

@testable import GuestControl

final class SessionAccountTests: XCTestCase {
    private let files = AccountFiles(
        passwd: "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/:/usr/sbin/nologin\n"
            + "nobody:x:65534:65534::/:/bin/false\nbroken line\n",
        group: "root:x:0:\ndaemon:x:1:\naudio:x:29:anna,bert\nvideo:x:44:anna\n",
        shadow: "root:*:19000:0:99999:7:::\n")

    private func decide(
        _ wanted: String?, _ files: AccountFiles? = nil, owner: (user: Int, group: Int)? = nil
    ) -> AccountDecision {
        AccountDecision.decide(wanted: wanted, accounts: files ?? self.files, homes: "/home") { _ in owner }
    }

    private func added(_ decision: AccountDecision) throws -> SessionAccount {
        guard case .add(let account, _) = decision else {
            struct NotAdded: Error {}
            throw NotAdded()
        }
        return account
    }

    func testNamesOfUnixAccounts() {
        for name in ["anna", "_x", "a-b_c9", "z", String(repeating: "a", count: 32)] {
            XCTAssert(SessionAccount.isAllowed(name), name)
        }
        for name in [
            "", "Anna", "9a", "-a", "a b", "a:b", "a/b", "..", "a\nb", "é", "a.b", String(repeating: "a", count: 33),
            "anna\0",
        ] { XCTAssertFalse(SessionAccount.isAllowed(name), name) }
    }

    func testANewAccountGetsTheFirstFreeIdAndItsGroups() throws {
        let account = try added(decide("anna"))
        XCTAssertEqual(
            account,
            SessionAccount(
                name: "anna", user: 1000, group: 1000, otherGroups: [29, 44], home: "/home/anna", shell: "/bin/bash"))
        let files = files.adding(account, addsGroup: true)
        XCTAssertEqual(files.user(named: "anna")?.id, 1000)
        XCTAssertEqual(files.group(named: "anna"), 1000)
        XCTAssertEqual(files.shadow?.split(separator: "\n").last, "anna:!:19675:0:99999:7:::")
        XCTAssertEqual(decide("anna", files), .use(account), "the second start finds it")
        XCTAssertEqual(try added(decide("bert", files)).user, 1001)
    }

    func testLoginsThatAreNoAccountNamesGetTheDefault() throws {
        for login in [nil, "", "Anna.B", "root", "daemon", "nobody", "a:0:0", "../etc"] {
            XCTAssertEqual(try added(decide(login)).name, "qvd", "\(login ?? "nil")")
        }
    }

    func testTheHomeRemembersWhoseItIs() throws {
        let account = try added(decide("anna", owner: (1007, 1009)))
        XCTAssertEqual(account.user, 1007)
        XCTAssertEqual(account.group, 1009)
        XCTAssertEqual(try added(decide("anna", owner: (0, 0))).user, 1000, "root's: not finished")
        XCTAssertEqual(try added(decide("anna", owner: (33, 33))).user, 1000, "a system account's")
    }

    func testAHomeOfAnotherAccountIsRefused() throws {
        let bert = try added(decide("bert"))
        let files = files.adding(bert, addsGroup: true)
        guard case .refuse(let reason) = decide("anna", files, owner: (1000, 1000)) else {
            return XCTFail("anna would read bert's files")
        }
        XCTAssert(reason.contains("bert") && reason.contains("/home/anna"), reason)
    }

    func testASystemAccountNamedQvdIsRefused() {
        var files = files
        files.passwd += "qvd:x:0:0::/root:/bin/sh\n"
        guard case .refuse = decide(nil, files) else { return XCTFail("root again") }
        files.passwd = "qvd:x:1000:0::/home/qvd:/bin/sh\n"
        guard case .refuse = decide(nil, files) else { return XCTFail("root's group") }
    }

    func testAnExistingGroupOfTheNameIsUsedUnlessItIsRoots() throws {
        var files = files
        files.group += "anna:x:50:\n"
        guard case .add(let account, addsGroup: false) = decide("anna", files) else { return XCTFail() }
        XCTAssertEqual(account.group, 50)
        files.group += "bert:x:0:\n"
        guard case .refuse = decide("bert", files) else { return XCTFail("root's group") }
    }

    func testFilesWithoutAFinalNewlineAndWithoutShadow() throws {
        let bare = AccountFiles(passwd: "root:x:0:0::/root:/bin/sh", group: "root:x:0:", shadow: nil)
        let files = bare.adding(try added(decide("anna", bare)), addsGroup: true)
        XCTAssertEqual(files.passwd, "root:x:0:0::/root:/bin/sh\nanna:x:1000:1000::/home/anna:/bin/bash\n")
        XCTAssertNil(files.shadow)
    }

    func testNotesAreReadAsWritten() throws {
        let account = try added(decide("anna"))
        let notes = SessionNotes(account: account, variables: ["QVD_CUSTOM_A": "x=y z", "B": ""])
        XCTAssertEqual(SessionNotes(file: notes.fileText), notes)
        for text in ["", "x", "anna:x:0:0::/home/anna:/bin/sh\n", notes.fileText + "no sign\n"] {
            XCTAssertNil(SessionNotes(file: text), text)
        }
    }
}

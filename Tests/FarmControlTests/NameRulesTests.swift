import FarmControl
import FarmModel
import PortContracts
import XCTest
@testable import FarmRules

/// What the farm's objects may be called, and that a refused name leaves nothing behind.
final class NameRulesTests: XCTestCase {
    private func ledger() throws -> FarmLedger {
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: 0x0a03_0000), prefixLength: 24, rangeStart: IPv4Address(bits: 0x0a03_0064),
            gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        for command: AdministrationCommand in [
            .addUser(tenant: TenantID(1), login: "alice", passwordHash: "$x$1"),
            .addOSF(
                tenant: TenantID(1), name: "office", memory: Mebibytes(256), userDiskSize: Mebibytes(0),
                keepsOverlay: false),
            .addImage(osf: OSFID(1), file: "a.qcow2", version: "v1", day: "2024-06-11"),
        ] { _ = try ledger.apply(command, by: "test", at: WallTime(seconds: 1)).get() }
        return ledger
    }

    /// Each command of `make` with the name is refused as `.invalid` with words that hold `reason`, and changes
    /// nothing.
    private func assertRefused(
        _ name: String, _ reason: String, line: UInt = #line, _ make: (String) -> AdministrationCommand
    ) throws {
        var ledger = try ledger()
        let before = try ledger.snapshot()
        switch try ledger.apply(make(name), by: "test", at: WallTime(seconds: 1)) {
        case .success: XCTFail("\(name.debugDescription) was taken", line: line)
        case .failure(let refusal):
            XCTAssertEqual(refusal.reason, .invalid, line: line)
            XCTAssert(refusal.message.contains(reason), refusal.message, line: line)
            XCTAssertFalse(refusal.message.unicodeScalars.contains { $0.value < 32 }, refusal.message, line: line)
        }
        XCTAssertEqual("\(try ledger.snapshot())", "\(before)", line: line)
    }

    private func user(_ name: String) -> AdministrationCommand {
        .addUser(tenant: TenantID(1), login: name, passwordHash: "$x$1")
    }

    private func vm(_ name: String) -> AdministrationCommand {
        .addVM(name: name, user: UserID(1), osf: OSFID(1), tag: "default", address: nil)
    }

    private func node(_ name: String) -> AdministrationCommand {
        .addNode(name: name, address: IPv4Address(bits: 0x0a03_0001))
    }

    func testNamesThatNoObjectMayHave() throws {
        for make in [user, vm, node, { .addTenant(name: $0) }] as [(String) -> AdministrationCommand] {
            try assertRefused("", "is empty", make)
            try assertRefused("a\nb", "control character", make)
            try assertRefused("a\u{0}", "control character", make)
            try assertRefused("a\u{85}b", "control character", make)
            try assertRefused("a\u{2028}b", "control character", make)
            try assertRefused("--help", "begins with `-`", make)
            try assertRefused(" a", "begins or ends with a space", make)
            try assertRefused("a\u{a0}", "begins or ends with a space", make)
            try assertRefused(String(repeating: "x", count: 128), "at most", make)
        }
    }

    func testWhatDividesALoginIsNotInOne() throws {
        for sign in ["@", "#", ":", "/"] {
            try assertRefused("a\(sign)b", "contains `\(sign)`", user)
            try assertRefused("a\(sign)b", "contains `\(sign)`") { .addTenant(name: $0) }
        }
        try assertRefused("a b", "contains a space", user)
        try assertRefused("a b", "contains a space", node)
    }

    func testImagesTagsAndKeysStayUsableInPathsAndLists() throws {
        func image(_ file: String) -> AdministrationCommand {
            .addImage(osf: OSFID(1), file: file, version: nil, day: "2024-06-11")
        }
        try assertRefused("../etc/passwd", "contains `/`", image)
        try assertRefused(".hidden", "begins with a dot", image)
        try assertRefused(String(repeating: "ü", count: 101), "200 bytes", image)
        try assertRefused("a,b", "contains `,`") { .tagImage(ImageID(1), tag: $0) }
        try assertRefused("head", "moving tag") {
            .addImage(osf: OSFID(1), file: "b.qcow2", version: $0, day: "2024-06-11")
        }
        for make in [
            { .setProperty(.vm(VMID(1)), key: $0, value: "x") }, { .setConfiguration(key: $0, value: "x") },
        ] as [(String) -> AdministrationCommand] {
            var ledger = try ledger()
            _ = try ledger.apply(vm("desk"), by: "test", at: WallTime(seconds: 1)).get()
            for key in ["", "a=b", "a b", "é", "-x"] {
                guard case .failure(let refusal) = try ledger.apply(make(key), by: "test", at: WallTime(seconds: 1))
                else { return XCTFail(key) }
                XCTAssertEqual(refusal.reason, .invalid, key)
            }
        }
    }

    func testAVMMayBeCalledAnythingThatCanBeRead() throws {
        var ledger = try ledger()
        let long = String(repeating: "x", count: 64)
        for name in ["<b>&\"'", "a, b=c", "Grüße 漢字 🙂", "a/../b", "$(reboot)", long] {
            guard case .vm(let id) = try ledger.apply(vm(name), by: "test", at: WallTime(seconds: 1)).get() else {
                return XCTFail(name)
            }
            XCTAssertEqual(try ledger.snapshot().vms.first { $0.id == id }?.name, name)
        }
    }

    func testLoginsAreStoredInLowerCaseSoThatTheyAreFound() throws {
        var ledger = try ledger()
        _ = try ledger.apply(user("Bob"), by: "test", at: WallTime(seconds: 1)).get()
        XCTAssertEqual(try ledger.snapshot().users.map(\.login), ["alice", "bob"])
        guard case .failure(let refusal) = try ledger.apply(user("BOB"), by: "test", at: WallTime(seconds: 1)) else {
            return XCTFail("two users of one login")
        }
        XCTAssertEqual(refusal.reason, .alreadyExists)
        XCTAssert(refusal.message.contains("bob@default") && refusal.message.contains("number 2"), refusal.message)
    }
}

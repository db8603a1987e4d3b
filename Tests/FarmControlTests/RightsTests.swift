import FarmModel
import XCTest

@testable import FarmRules

/// Who may do what: the decision as a table, and each command against it.
final class RightsTests: XCTestCase {
    private let everything = Set(Right.allCases)
    private let own = TenantID(1)
    private let other = TenantID(2)

    func testTheDecision() {
        let alice = LoginName("alice")!
        let cases: [(Actor, Right, ActionScope, Bool)] = [
            (.console(name: "root"), .tenants, .farm, true),
            (.console(name: "root"), .power, ActionScope(tenant: other, owner: UserID(9)), true),
            (.system(name: "node"), .configuration, .farm, true),
            // Of the whole farm.
            (.administrator(name: "a", tenant: nil, rights: everything), .nodes, .farm, true),
            (.administrator(name: "a", tenant: nil, rights: [.users]), .users, ActionScope(tenant: other), true),
            (.administrator(name: "a", tenant: nil, rights: [.users]), .nodes, .farm, false),
            (.administrator(name: "a", tenant: nil, rights: []), .users, ActionScope(tenant: own), false),
            // Of one tenant.
            (.administrator(name: "a", tenant: own, rights: everything), .users, ActionScope(tenant: own), true),
            (.administrator(name: "a", tenant: own, rights: everything), .users, ActionScope(tenant: other), false),
            (.administrator(name: "a", tenant: own, rights: everything), .nodes, .farm, false),
            (.administrator(name: "a", tenant: own, rights: everything), .tenants, .farm, false),
            (.administrator(name: "a", tenant: own, rights: [.users]), .power, ActionScope(tenant: own), false),
            // A user: desktops of their own, and only on and off.
            (.user(UserID(1), name: alice), .power, ActionScope(tenant: own, owner: UserID(1)), true),
            (.user(UserID(1), name: alice), .power, ActionScope(tenant: own, owner: UserID(2)), false),
            (.user(UserID(1), name: alice), .desktops, ActionScope(tenant: own, owner: UserID(1)), false),
            (.user(UserID(1), name: alice), .users, ActionScope(tenant: own), false),
            (.user(UserID(1), name: alice), .power, .farm, false),
        ]
        for (actor, right, scope, isAllowed) in cases {
            XCTAssertEqual(actor.may(right, on: scope), isAllowed, "\(actor), \(right), \(scope)")
            if actor.mayEverything { XCTAssertTrue(isAllowed, "\(actor) may everything") }
        }
    }

    func testTheTextsOfTheAuditTrail() {
        XCTAssertEqual("\(Actor.console(name: "root (uid 0) by qvd"))", "root (uid 0) by qvd")
        XCTAssertEqual("\(Actor.user(UserID(3), name: LoginName("Alice")!))", "user alice@default")
        XCTAssertEqual("\(Actor.administrator(name: "eve", tenant: own, rights: []))", "administrator eve")
        XCTAssertEqual("\(Actor.system(name: "node"))", "node")
    }

    /// Two tenants, each with a user (1, 2), an OSF, an image and a VM of the same numbers, and one node.
    private func farm() throws -> FarmLedger {
        let base: UInt32 = 0x0a03_0000
        let addressPlan = try AddressPlan(
            network: IPv4Address(bits: base), prefixLength: 24, rangeStart: IPv4Address(bits: base + 100), gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        var commands: [AdministrationCommand] = [
            .addTenant(name: "other"), .addNode(name: "n1", address: IPv4Address(bits: base + 1)),
        ]
        for (number, tenant) in [own, other].enumerated() {
            let (user, osf) = (UserID(Int64(number + 1)), OSFID(Int64(number + 1)))
            commands += [
                .addUser(tenant: tenant, login: "alice", passwordHash: "$h"),
                .addOSF(
                    tenant: tenant, name: "office", memory: Mebibytes(64), userDiskSize: Mebibytes(0),
                    keepsOverlay: false),
                .addImage(osf: osf, file: "f\(number)", version: nil, day: "2026-01-01"),
                .addVM(name: "desk", user: user, osf: osf, tag: "default", address: nil),
            ]
        }
        for command in commands {
            _ = try ledger.apply(command, by: .console(name: "test"), at: WallTime(seconds: 1)).get()
        }
        try ledger.reportState(of: NodeID(1), .running, at: WallTime(seconds: 2))
        return ledger
    }

    /// One command of each kind that a tenant's administrator may give, about the objects with this number.
    private func commands(_ number: Int64) -> [AdministrationCommand] {
        let (tenant, user, osf) = (TenantID(number), UserID(number), OSFID(number))
        let (image, vm) = (ImageID(number), VMID(number))
        return [
            .addUser(tenant: tenant, login: "bob", passwordHash: "$h"),
            .setUser(user, passwordHash: "$h2", isBlocked: false),
            .addOSF(
                tenant: tenant, name: "lab", memory: Mebibytes(64), userDiskSize: Mebibytes(0), keepsOverlay: true),
            .setOSF(osf, name: nil, memory: Mebibytes(128), userDiskSize: nil, keepsOverlay: nil),
            .addImage(osf: osf, file: "more", version: nil, day: "2026-01-02"),
            .setImage(image, isBlocked: false), .tagImage(image, tag: "x"), .untagImage(image, tag: "x"),
            .addVM(name: "second", user: user, osf: osf, tag: "default", address: nil),
            .setVM(vm, name: "first", tag: nil, isBlocked: nil), .startVM(vm, node: NodeID(1)), .stopVM(vm),
            .setProperty(.vm(vm), key: "k", value: "v"), .setProperty(.user(user), key: "k", value: "v"),
            .setProperty(.osf(osf), key: "k", value: "v"), .setProperty(.image(image), key: "k", value: "v"),
            .deleteProperty(.vm(vm), key: "k"), .deleteVM(vm),
        ]
    }

    private let ofTheFarm: [AdministrationCommand] = [
        .addTenant(name: "third"), .setTenant(TenantID(1), isBlocked: false), .deleteTenant(TenantID(2)),
        .addNode(name: "n2", address: IPv4Address(bits: 0x0a03_0002)), .setNode(NodeID(1), isBlocked: true),
        .deleteNode(NodeID(1)), .abandonDomain(VMID(50), node: NodeID(1)),
        .setProperty(.node(NodeID(1)), key: "k", value: "v"), .setConfiguration(key: "k", value: "v"),
        .deleteConfiguration(key: "k"),
    ]

    func testAnAdministratorOfATenantDoesAllToItAndNothingBesides() throws {
        var ledger = try farm()
        let eve = Actor.administrator(name: "eve", tenant: own, rights: everything)
        for command in commands(2) + commands(9) + ofTheFarm {
            let before = try ledger.snapshot()
            guard case .failure(let refusal) = try ledger.apply(command, by: eve, at: WallTime(seconds: 3)) else {
                XCTFail("eve may not: \(command)")
                continue
            }
            XCTAssertEqual(refusal.reason, .notAllowed, "\(command): \(refusal)")
            XCTAssertEqual(refusal.remedies, [.askAdministrator])
            XCTAssertEqual(try ledger.snapshot(), before)
            XCTAssertEqual(ledger.audit(limit: 1).first?.outcome, "refused: \(refusal.message)")
        }
        for command in commands(1) {
            let answer = try ledger.apply(command, by: eve, at: WallTime(seconds: 3))
            XCTAssertNoThrow(try answer.get(), "\(command)")
        }
    }

    func testAnAdministratorWithoutARightMayDoNothingThatNeedsIt() throws {
        let ledger = try farm()
        let needs: [(AdministrationCommand, Right)] = [
            (.addTenant(name: "third"), .tenants), (.setUser(UserID(1), passwordHash: nil, isBlocked: true), .users),
            (.setImage(ImageID(1), isBlocked: true), .flavours), (.setNode(NodeID(1), isBlocked: true), .nodes),
            (.setVM(VMID(1), name: nil, tag: nil, isBlocked: true), .desktops),
            (.startVM(VMID(1), node: NodeID(1)), .power), (.setConfiguration(key: "k", value: "v"), .configuration),
            (.setProperty(.node(NodeID(1)), key: "k", value: "v"), .nodes),
        ]
        XCTAssertEqual(Set(needs.map(\.1)), everything)
        for (command, right) in needs {
            for isGiven in [false, true] {
                var copy = ledger
                let rights = isGiven ? [right] : everything.subtracting([right])
                let actor = Actor.administrator(name: "eve", tenant: nil, rights: rights)
                switch try copy.apply(command, by: actor, at: WallTime(seconds: 3)) {
                case .success: XCTAssertTrue(isGiven, "\(command) without \(right)")
                case .failure(let refusal):
                    XCTAssertFalse(isGiven, "\(command): \(refusal)")
                    XCTAssertEqual(refusal.reason, .notAllowed)
                }
            }
        }
    }

    func testAUserStartsAndStopsOwnDesktopsOnly() throws {
        var ledger = try farm()
        let alice = Actor.user(UserID(1), name: LoginName("alice")!)
        for command in [AdministrationCommand.startVM(VMID(1), node: NodeID(1)), .stopVM(VMID(1))] {
            _ = try ledger.apply(command, by: alice, at: WallTime(seconds: 3)).get()
        }
        let refused =
            [AdministrationCommand.startVM(VMID(2), node: NodeID(1)), .stopVM(VMID(2)), .stopVM(VMID(9))]
            + commands(1).filter { if case .startVM = $0 { false } else if case .stopVM = $0 { false } else { true } }
        for command in refused + ofTheFarm {
            guard case .failure(let refusal) = try ledger.apply(command, by: alice, at: WallTime(seconds: 3)) else {
                XCTFail("a user may not: \(command)")
                continue
            }
            XCTAssertEqual(refusal.reason, .notAllowed, "\(command)")
        }
    }
}

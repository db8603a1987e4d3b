import FarmModel
import XCTest

@testable import FarmRules

/// What a store keeps of an answer says the same when it is read again.
final class StoredAnswerTests: XCTestCase {
    private let objects: [FarmObject] = FarmNoun.allCases.map { FarmObject($0, 3) }

    func testEveryAnswerIsReadAsItWas() {
        let results: [AdministrationResult] = [
            .done, .tenant(TenantID(1)), .user(UserID(2)), .osf(OSFID(3)), .image(ImageID(4)), .node(NodeID(5)),
            .vm(VMID(6)),
        ]
        for result in results { check(.success(result)) }
        let remedies: [Remedy] =
            FarmNoun.allCases.map(Remedy.list) + objects.map(Remedy.unblock) + [
                .listProperties, .listConfiguration, .block(NodeID(1)), .startNode(NodeID(2)), .stopNode(NodeID(3)),
                .stop([VMID(1), VMID(2)]), .stop([]), .delete(objects), .moveTag("ä-1 x", from: ImageID(3)),
                .retag([VMID(7)]), .choose(objects), .addNode, .askAdministrator,
            ]
        let subjects: [AdministrationSubject] =
            objects.map(AdministrationSubject.object) + FarmNoun.allCases.map(AdministrationSubject.noun) + [
                .property(key: "a\n b \u{1F600}"), .configuration(key: ""), .request(RequestID("r-1")!),
            ]
        for reason in AdministrationRefusal.Reason.allCases {
            for message in ["plain", "", "two\n\nlines\n", "refused x"] {
                check(.failure(AdministrationRefusal(reason, .noun(.vm), message, remedies)))
                check(.failure(AdministrationRefusal(reason, .noun(.vm), message)))
            }
        }
        for subject in subjects { check(.failure(AdministrationRefusal(.invalid, subject, "x", [.addNode]))) }
        for remedy in remedies { check(.failure(AdministrationRefusal(.invalid, .noun(.vm), "x", [remedy]))) }
    }

    private func check(_ answer: CommandAnswer, line: UInt = #line) {
        XCTAssertEqual(AnswerText.answer(in: AnswerText.text(of: answer)), answer, line: line)
    }

    func testATextOfAnotherVersionIsNoAnswer() {
        for text in [
            "", "gone", "vm x", "vm", "vm 1 2", "refused ", "refused invalid\n\nx", "refused later\nnoun vm\n\nx",
            "refused invalid\nnoun chair\n\nx", "refused invalid\nnoun vm\ndance 3\n\nx", "refused invalid\nnoun vm",
        ] { XCTAssertNil(AnswerText.answer(in: text), text) }
    }

    func testCommandsAreToldApart() {
        let commands: [AdministrationCommand] = [
            .stopVM(VMID(1)), .stopVM(VMID(2)), .deleteVM(VMID(1)), .addTenant(name: "a"), .addTenant(name: "b"),
            .setUser(UserID(1), passwordHash: "$a", isBlocked: nil),
            .setUser(UserID(1), passwordHash: "$b", isBlocked: nil),
            .setProperty(.vm(VMID(1)), key: "a", value: "b\", c"),
            .setProperty(.vm(VMID(1)), key: "a\", b", value: "c"),
        ]
        XCTAssertEqual(Set(commands.map(\.fingerprint)).count, commands.count)
        XCTAssertEqual(AdministrationCommand.stopVM(VMID(1)).fingerprint, commands[0].fingerprint)
    }

    /// A farm that is asked for ever keeps the newest answers only.
    func testOnlyTheNewestAnswersAreKept() throws {
        let base = IPv4Address(bits: 0x0a03_0000)
        let addressPlan = try AddressPlan(
            network: base, prefixLength: 24, rangeStart: IPv4Address(bits: base.bits + 100), gateway: nil)
        var ledger = FarmLedger(farm: FarmID(bits: 1), addressPlan: addressPlan)
        let stored = StoredAnswer(command: 1, text: "done")
        for number in 1...13_000 { ledger.put(stored, to: RequestID("r\(number)")!, of: "a") }
        XCTAssertNil(ledger.answer(to: RequestID("r1")!, of: "a"))
        XCTAssertEqual(ledger.answer(to: RequestID("r3001")!, of: "a"), stored)
        XCTAssertLessThanOrEqual(ledger.answers.count, 11_000)
        XCTAssertEqual(ledger.answers.count, ledger.answeredRequests.count)
    }
}

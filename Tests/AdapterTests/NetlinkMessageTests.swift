import FarmModel
import Goldens
import XCTest

@testable import EbtablesFilter
@testable import NetlinkCalls
@testable import NetlinkNetwork

final class NetlinkMessageTests: XCTestCase {
    func testRequestsAreWrittenAsTheGoldenPackets() throws {
        let mac = try XCTUnwrap(MACAddress("54:52:00:03:01:07"))
        let requests: [(String, NetlinkRequest)] = [
            ("link-by-name", .link(named: "q1a2b3c-01-000a")),
            ("links-of-kind-tun", .links(ofKind: "tun")),
            ("enslave-and-raise", .enslaveAndRaise(index: 7, bridge: 3)),
            ("restrict-port", .restrictPort(index: 7)),
            ("place-mac", .placeMAC(mac, behind: 7)),
            ("delete-link", .deleteLink(index: 7)),
            ("ipv4-addresses", .ipv4Addresses()),
            ("ruleset-generation", RulesetGeneration.question),
        ]
        for (name, request) in requests {
            try GoldenFile("netlink/\(name).hex").check(Self.hex(request.message(sequence: 1)))
        }
    }

    func testAttributesArePaddedToFourOctetsAndSayTheirTrueLength() {
        var request = NetlinkRequest(type: 1, flags: 2)
        request.attribute(3, text: "abcd")
        XCTAssertEqual(request.body, [9, 0, 3, 0, 0x61, 0x62, 0x63, 0x64, 0, 0, 0, 0])
        XCTAssertEqual(request.message(sequence: 9).prefix(4), [28, 0, 0, 0])
    }

    func testMessagesAndAttributesAreReadBack() throws {
        var request = NetlinkRequest(type: 5, flags: 6)
        request.nested(4) { inner in
            inner.attribute(1, number: UInt32(77))
            inner.attribute(2, text: "tun")
        }
        let messages = try NetlinkReply.messages(
            in: request.message(sequence: 8) + request.message(sequence: 9))
        XCTAssertEqual(messages.map(\.sequence), [8, 9])
        XCTAssertEqual(messages.map(\.type), [5, 5])
        let outer = try NetlinkReply.attributes(in: messages[1].body)
        let inner = try NetlinkReply.attributes(in: try XCTUnwrap(outer[4]))
        XCTAssertEqual(NetlinkReply.number(in: try XCTUnwrap(inner[1]), at: 0), UInt32(77))
        XCTAssertEqual(NetlinkReply.text(try XCTUnwrap(inner[2])), "tun")
    }

    func testLengthsThatDoNotFitAreErrorsAndNothingIsReadBeyondTheEnd() throws {
        var request = NetlinkRequest(type: RouteConstant.newLink, flags: 0)
        request.append(octets: [UInt8](repeating: 0, count: 16))
        request.attribute(RouteConstant.linkName, text: "q1a2b3c-01-000a")
        request.nested(RouteConstant.linkInfo) { $0.attribute(RouteConstant.infoKind, text: "tun") }
        let whole = request.message(sequence: 1)
        var errors = 0
        for count in 0..<whole.count {
            do {
                for message in try NetlinkReply.messages(in: Array(whole.prefix(count))) {
                    _ = try Link(message)
                }
            } catch {
                errors += 1
            }
        }
        XCTAssertEqual(errors, whole.count - 1, "every cut but the empty one is an error")
        // Every octet in turn as 0, 1 and 255: an error or a value, never a crash.
        for index in whole.indices {
            for octet in [0, 1, 255] as [UInt8] {
                var bent = whole
                bent[index] = octet
                if case .success(let messages) = Result(catching: { try NetlinkReply.messages(in: bent) }) {
                    for message in messages { _ = Result { try Link(message) } }
                }
            }
        }
        XCTAssertThrowsError(try NetlinkReply.messages(in: [15, 0, 0, 0] + [UInt8](repeating: 0, count: 12)))
        XCTAssertThrowsError(try NetlinkReply.attributes(in: [3, 0, 1, 0]))
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        stride(from: 0, to: bytes.count, by: 16).map { start in
            bytes[start..<min(start + 16, bytes.count)]
                .map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: " ")
        }.joined(separator: "\n") + "\n"
    }
}

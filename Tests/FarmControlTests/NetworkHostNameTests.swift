import FarmControl
import FarmModel
import XCTest
@testable import FarmRules

final class NetworkHostNameTests: XCTestCase {
    func testALabelIsKeptAndAnyOtherTextIsMadeIntoOne() {
        let cases: [(String, Int64, String)] = [
            ("desk", 7, "desk"), ("web-a", 7, "web-a"), ("web-7", 7, "web-7"), ("web-7", 8, "web-7-8"),
            ("Web", 7, "web-7"), ("my desk", 7, "my-desk-7"), ("Äpfel & Öl", 7, "pfel-l-7"),
            ("日本", 7, "vm-7"),
            ("", 7, "vm-7"), ("-", 7, "vm-7"), ("a--b", 7, "a--b"), ("a-", 7, "a-7"), ("infinite", 7, "vm-7"),
            ("ignore", 7, "vm-7"), ("12h", 7, "vm-7"), ("45", 7, "vm-7"), ("a,b\nc", 7, "a-b-c-7"),
            ("host.example", 7, "host-example-7"), ("web 7", 7, "web-7"), ("<x>", 3, "x-3"),
        ]
        for (name, vm, wanted) in cases {
            XCTAssertEqual(HostName.label(for: name, vm: VMID(vm)), wanted, name)
        }
    }

    func testLabelsAreShortAndDifferentNamesOfDifferentVMsStayDifferent() {
        let long = String(repeating: "abcdefghi-", count: 20)
        XCTAssertEqual(HostName.label(for: long, vm: VMID(1_679_615)).utf8.count <= 63, true)
        let names = [
            "web", "Web", "wEb", "web-1", "web-2", "web 1", "WEB-2", "web_1", "é", "ö", "", "web-", long,
            long + "x",
        ]
        var seen: [String: String] = [:]
        for (index, name) in names.enumerated() {
            let label = HostName.label(for: name, vm: VMID(Int64(index + 1)))
            XCTAssertNil(
                seen.updateValue(name, forKey: label), "\(name) and \(seen[label] ?? "") are both \(label)")
            XCTAssert((1...63).contains(label.utf8.count), label)
            XCTAssert(label.first != "-" && label.last != "-", label)
            let plain = label.utf8.allSatisfy {
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                    || $0 == UInt8(ascii: "-")
            }
            XCTAssert(plain, label)
        }
    }
}

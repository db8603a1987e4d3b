import Foundation
import SystemCalls
import XCTest

final class FileReplacementTests: XCTestCase {
    private let folder = FileManager.default.temporaryDirectory.appending(path: "qvd-files-\(UUID().uuidString)").path

    override func setUpWithError() throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    override func tearDownWithError() throws { try FileManager.default.removeItem(atPath: folder) }

    func testAFileIsReplacedWholeWithItsMode() throws {
        let path = "\(folder)/a"
        try "a left-over of a crash".write(toFile: "\(folder)/a.new", atomically: false, encoding: .utf8)
        for text in ["first", "", String(repeating: "long", count: 100_000)] {
            try FileReplacement(path, partial: "\(path).new", mode: 0o640).write(Array(text.utf8))
            XCTAssertEqual(try String(contentsOfFile: path, encoding: .utf8), text)
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            XCTAssertEqual(mode, 0o640)
        }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), ["a"])
    }

    func testARefusedStepIsNamedAndLeavesTheOldFile() throws {
        let path = "\(folder)/a"
        XCTAssertThrowsError(try FileReplacement("x", partial: "\(folder)/no/a", mode: 0o600).write([])) { error in
            XCTAssertEqual((error as? FileReplacement.Failure)?.step, .make)
            XCTAssertEqual((error as? FileReplacement.Failure)?.code, ENOENT)
        }
        try FileManager.default.createDirectory(atPath: "\(path)/full", withIntermediateDirectories: true)
        XCTAssertThrowsError(try FileReplacement(path, partial: "\(path).new", mode: 0o600).write([1])) { error in
            XCTAssertEqual((error as? FileReplacement.Failure)?.step, .rename)
        }
        XCTAssertEqual(try FileManager.default.contentsOfDirectory(atPath: folder), ["a"])
    }
}

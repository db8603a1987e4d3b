import Foundation
import Goldens
import XCTest

/// What scripts of operators rely on (fixtures/compatibility): verbs, options, JSON fields, exit codes.
final class KeptCommandTests: XCTestCase {
    func testEveryVerbAndOptionIsStillThere() throws {
        let programs = ["qvd", "qvd-node", "qvd-client", "qvd-sim", "qvd-vma"]
        let found = try programs.flatMap { program in
            try CommandHelp.of(program).command.all().flatMap { Self.lines($0.path.joined(separator: " "), $0.command) }
        }
        XCTAssertEqual(try KeptLines("compatibility/commands.txt").missing(from: found), [])
    }

    /// What may be typed, each thing on a line of its own. That an argument must be given stands nowhere: it may become
    /// optional, but not the other way round.
    private static func lines(_ path: String, _ command: CommandHelp.Command) -> [String] {
        var lines = [path]
        var position = 0
        for argument in command.arguments ?? [] where argument.shouldDisplay {
            let isPositional = argument.kind == "positional"
            if isPositional { position += 1 }
            let words = isPositional ? ["argument \(position)"] : (argument.names ?? []).map(\.text)
            for word in words {
                let value = argument.kind == "option" ? " VALUE" : ""
                lines.append("\(path): \(word)\(value)")
                if argument.isOptional { lines.append("\(path): \(word) may be left out") }
                if argument.isRepeating { lines.append("\(path): \(word) may be repeated") }
                if let text = argument.defaultValue { lines.append("\(path): \(word) is \(text) if left out") }
                for choice in argument.allValues ?? [] { lines.append("\(path): \(word) may be \(choice)") }
            }
        }
        return lines
    }

    func testEveryFieldOfJSONIsStillThereWithItsKind() throws {
        let rig = try OldFarmRig()
        var found: [String] = []
        for (command, variants) in try rig.listsAndShows() {
            for arguments in variants {
                let answer = try rig.administration.qvd(arguments + ["--json"])
                XCTAssertEqual(answer.status, 0, "\(arguments) \(answer.errors)")
                let value = try JSONSerialization.jsonObject(with: Data(answer.output.utf8))
                found += Self.kinds(of: value, "qvd \(command) --json:")
            }
        }
        XCTAssertEqual(try KeptLines("compatibility/json-fields.txt").missing(from: found.sorted()), [])
    }

    /// `vm show: name is text`, for every field; entries of a list are the same thing many times.
    private static func kinds(of value: Any, _ place: String) -> [String] {
        switch value {
        case let object as [String: Any]:
            return ["\(place) is an object"] + object.flatMap { kinds(of: $0.value, "\(place) \($0.key)") }
        case let list as [Any]: return ["\(place) is a list"] + list.flatMap { kinds(of: $0, "\(place) each") }
        case is NSNull: return ["\(place) may be null"]
        case let number as NSNumber:
            let isFlag = String(cString: number.objCType) == "c"
            return ["\(place) is \(isFlag ? "true or false" : "a number")"]
        default: return ["\(place) is text"]
        }
    }

    /// Each line of the file is an exit code and a command line; the farm is that of the old database.
    func testEveryExitCodeIsAsItWas() throws {
        let rig = try OldFarmRig()
        let lines = try KeptLines("compatibility/exit-codes.txt").lines()
        XCTAssertGreaterThan(lines.count, 20)
        for line in lines {
            let words = line.split(separator: " ").map(String.init)
            let status = try rig.run(words[1], Array(words.dropFirst(2)))
            XCTAssertEqual("\(status)", words[0], line)
        }
    }
}

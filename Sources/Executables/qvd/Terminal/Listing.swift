import ArgumentParser
import FarmModel

/// How lists are printed.
struct OutputOptions: ParsableArguments {
    @Flag(help: "Print JSON instead of a table.")
    var json = false
}

/// Objects as rows of named values: printed as a table for people or as JSON for programs.
struct Listing {
    enum Value {
        case text(String)
        case number(Int64)
        case flag(Bool)
        case list([String])
        case pairs([String: String])
        /// None for a moment that was never recorded.
        case time(WallTime)
        case none

        init(_ text: String?) { self = text.map(Value.text) ?? .none }
    }

    typealias Row = [(name: String, value: Value)]

    /// All rows have the same names.
    var rows: [Row]
    /// Names that the table leaves out because only programs want them.
    var hiddenInTable: Set<String> = []

    func print(_ options: OutputOptions) {
        Swift.print(options.json ? json : table)
    }

    // MARK: Table

    /// Columns under their names in capitals, as wide as their widest value. Nothing for no rows.
    private var table: String {
        guard let first = rows.first else { return "none" }
        let shown = first.indices.filter { !hiddenInTable.contains(first[$0].name) }
        let lines = [shown.map { first[$0].name.uppercased() }] + rows.map { row in shown.map { cell(row[$0].value) } }
        var widths = [Int](repeating: 0, count: shown.count)
        for line in lines {
            for (column, text) in line.enumerated() { widths[column] = max(widths[column], displayWidth(text)) }
        }
        return lines.map { line in
            var text = ""
            for (column, value) in line.enumerated() {
                text += value
                if column < line.count - 1 {
                    text += String(repeating: " ", count: widths[column] - displayWidth(value) + 2)
                }
            }
            return text
        }.joined(separator: "\n")
    }

    /// One object, a line for each value.
    func printObject(_ options: OutputOptions) {
        guard let row = rows.first else { return }
        guard !options.json else { return Swift.print(json(row, indent: "")) }
        let width = row.map { $0.name.count }.max() ?? 0
        for (name, value) in row {
            let pad = String(repeating: " ", count: width - name.count)
            Swift.print("\(name):\(pad) \(cell(value))")
        }
    }

    private func cell(_ value: Value) -> String {
        switch value {
        // A control character would spoil the terminal.
        case .text(let text) where text.isEmpty: "-"
        case .text(let text):
            String(text.map { $0.unicodeScalars.contains { $0.value < 32 || $0.value == 127 } ? "?" : $0 })
        case .number(let number): String(number)
        case .flag(let flag): flag ? "yes" : "no"
        case .list(let list): list.isEmpty ? "-" : list.joined(separator: ",")
        case .pairs(let pairs):
            cell(.list(pairs.sorted { $0.key < $1.key }.map { cell(.text("\($0.key)=\($0.value)")) }))
        case .time(let time): time.seconds > 0 ? timeText(time, separator: " ") : "-"
        case .none: "-"
        }
    }

    // MARK: JSON

    private var json: String {
        rows.isEmpty ? "[]" : "[\n" + rows.map { "  " + json($0, indent: "  ") }.joined(separator: ",\n") + "\n]"
    }

    private func json(_ row: Row, indent: String) -> String {
        let fields = row.map { "\(indent)  \(quote($0.name)): \(json($0.value))" }
        return "{\n" + fields.joined(separator: ",\n") + "\n\(indent)}"
    }

    private func json(_ value: Value) -> String {
        switch value {
        case .text(let text): quote(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let list): "[" + list.map(quote).joined(separator: ", ") + "]"
        case .pairs(let pairs):
            "{"
                + pairs.sorted { $0.key < $1.key }.map { "\(quote($0.key)): \(quote($0.value))" }
                .joined(separator: ", ") + "}"
        case .time(let time): time.seconds > 0 ? quote(timeText(time, separator: "T")) : "null"
        case .none: "null"
        }
    }

    /// RFC 8259, section 7.
    private func quote(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Columns of a terminal: East Asian wide characters and emoji take two, combining marks none of their own.
private func displayWidth(_ text: String) -> Int {
    text.reduce(0) { width, character in
        let value = character.unicodeScalars.first?.value ?? 0
        let isWide =
            (0x1100...0x115f).contains(value) || (0x2e80...0xa4cf).contains(value)
            || (0xac00...0xd7a3).contains(value) || (0xf900...0xfaff).contains(value)
            || (0xfe30...0xfe6f).contains(value) || (0xff00...0xff60).contains(value)
            || (0x1f300...0x1faff).contains(value) || (0x20000...0x3fffd).contains(value)
        return width + (isWide ? 2 : 1)
    }
}

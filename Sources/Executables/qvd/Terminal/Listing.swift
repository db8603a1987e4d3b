import ArgumentParser
import FarmModel
import TextEncodings

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
        show(options.json ? json : table)
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
        guard !options.json else { return show(json(row, indent: "")) }
        let width = row.map { $0.name.count }.max() ?? 0
        for (name, value) in row {
            let pad = String(repeating: " ", count: width - name.count)
            show("\(name):\(pad) \(cell(value))")
        }
    }

    private func cell(_ value: Value) -> String {
        switch value {
        case .text(let text) where text.isEmpty: "-"
        case .text(let text): ForeignText.shown(text, upTo: .max)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "yes" : "no"
        case .list(let list): list.isEmpty ? "-" : ForeignText.shown(list.joined(separator: ","), upTo: .max)
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
        let fields = row.map { "\(indent)  \(JSONValue.quote($0.name)): \(json($0.value))" }
        return "{\n" + fields.joined(separator: ",\n") + "\n\(indent)}"
    }

    private func json(_ value: Value) -> String {
        switch value {
        case .text(let text): JSONValue.quote(text)
        case .number(let number): String(number)
        case .flag(let flag): flag ? "true" : "false"
        case .list(let list): "[" + list.map(JSONValue.quote).joined(separator: ", ") + "]"
        case .pairs(let pairs):
            "{"
                + pairs.sorted { $0.key < $1.key }.map { "\(JSONValue.quote($0.key)): \(JSONValue.quote($0.value))" }
                .joined(separator: ", ") + "}"
        case .time(let time): time.seconds > 0 ? JSONValue.quote(timeText(time, separator: "T")) : "null"
        case .none: "null"
        }
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

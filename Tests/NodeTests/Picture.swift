import NodeRig

/// A picture of a user's display.
enum Picture {
    /// How many pixels of the file have exactly this colour.
    ///
    /// - Parameter colour: six hexadecimal digits.
    static func pixels(of colour: String, in file: String) async throws -> Int {
        let histogram = try await RigCommand.run(
            "convert", file, "-alpha", "off", "-depth", "8", "-format", "%c", "histogram:info:-")
        let line = histogram.split(separator: "\n").first { $0.uppercased().contains("#\(colour.uppercased())") }
        return line.flatMap { Int($0.prefix { $0 != ":" }.filter { $0 != " " }) } ?? 0
    }
}

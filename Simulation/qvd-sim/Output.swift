import TextEncodings

/// Lines for standard output; the one way that text gets there. What stands in a scenario's names or in an error
/// changes neither the terminal nor the lines.
func show(_ text: String, terminator: String = "\n") {
    print(ForeignText.lines(text), terminator: terminator)
}

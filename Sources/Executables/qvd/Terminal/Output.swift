import Foundation
import TextEncodings

/// Lines for standard output; the one way that text gets there. What stands in names, errors and values changes neither
/// the terminal nor the lines.
func show(_ text: String, terminator: String = "\n") {
    print(ForeignText.lines(text), terminator: terminator)
}

/// A value as it is for a program that reads it, and made fit for a terminal.
func showValue(_ value: String) {
    if isatty(STDOUT_FILENO) == 1 { show(value) } else { print(value) }
}

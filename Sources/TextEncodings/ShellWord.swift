/// A word as a POSIX shell must be told it, for commands that messages advise.
package enum ShellWord {
    /// The text itself where a shell reads it as it is, else in single quotes.
    package static func quoted(_ text: String) -> String {
        let plain: (Unicode.Scalar) -> Bool = { scalar in
            scalar.properties.isAlphabetic || "0123456789/._-+=:@%,".unicodeScalars.contains(scalar)
        }
        if !text.isEmpty, text.unicodeScalars.allSatisfy(plain) { return text }
        return "'" + text.split(separator: "'", omittingEmptySubsequences: false).joined(separator: "'\\''") + "'"
    }
}

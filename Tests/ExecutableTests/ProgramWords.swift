import Foundation

/// Runs a program to its end, without input.
///
/// - Parameter arguments: the program's name, looked up in PATH, and what it is given; `NAME=VALUE` before it goes into
///   its environment.
/// - Returns: its exit status and all it said, on standard output and standard error.
func words(of arguments: [String]) throws -> (status: Int32, text: String) {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    process.standardError = pipe
    process.standardInput = FileHandle.nullDevice
    try process.run()
    let said = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return (process.terminationStatus, String(decoding: said, as: UTF8.self))
}

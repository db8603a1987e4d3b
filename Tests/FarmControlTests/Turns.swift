import XCTest

/// The turns that the loops of a test may take together. A loop goes on until the machine has come to something; when
/// the rule that takes it there is broken, the test must fail, and not go on for ever.
struct Turns {
    private var left = 2000

    /// Takes one; false, and a failure, when there is none left.
    mutating func go(file: StaticString = #filePath, line: UInt = #line) -> Bool {
        left -= 1
        if left < 0 { XCTFail("the machine does not come to it", file: file, line: line) }
        return left >= 0
    }

    /// The machine is waiting for something else: more turns lead nowhere.
    mutating func giveUp() { left = 0 }
}

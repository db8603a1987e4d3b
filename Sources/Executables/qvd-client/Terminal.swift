import Foundation
import NIOPosix
import Synchronization
import TextEncodings

/// The user's terminal: messages go to standard error, so that standard output holds only what was asked for.
struct Terminal: Sendable {
    private static let saved = Mutex<termios?>(nil)
    private static let reading = Mutex(false)

    /// Whether an answer is being typed.
    static var isReading: Bool { reading.withLock { $0 } }

    /// Whether somebody can answer questions.
    var isInteractive: Bool { isatty(STDIN_FILENO) == 1 }

    func say(_ text: String) {
        FileHandle.standardError.write(Data("\(ForeignText.lines(text))\n".utf8))
    }

    /// What was asked for, on standard output.
    func show(_ text: String) { print(ForeignText.lines(text)) }

    /// Says why there is another try, and waits for it.
    func pause(_ seconds: Int, after failure: ClientFailure, then next: String) async throws {
        say("\(failure.clause); \(next) in \(seconds) s (Ctrl-C ends)")
        try await Task.sleep(for: .seconds(seconds))
    }

    func ask(_ question: String) async throws -> String {
        try await read(question, echoes: true)
    }

    /// Without echo.
    func askSecret(_ question: String) async throws -> String {
        try await read(question, echoes: false)
    }

    /// Gives the terminal its echo back: for when a signal comes while a secret is being typed.
    static func restore() {
        saved.withLock { saved in
            if var settings = saved { tcsetattr(STDIN_FILENO, TCSANOW, &settings) }
            saved = nil
        }
    }

    private func read(_ question: String, echoes: Bool) async throws -> String {
        FileHandle.standardError.write(Data(ForeignText.lines(question).utf8))
        let line = try await NIOThreadPool.singleton.runIfActive {
            Self.reading.withLock { $0 = true }
            if !echoes { Self.hideInput() }
            defer {
                Self.reading.withLock { $0 = false }
                if !echoes {
                    Self.restore()
                    FileHandle.standardError.write(Data("\n".utf8))
                }
            }
            return readLine(strippingNewline: true)
        }
        guard let line else { throw ClientFailure("nothing was typed") }
        return line
    }

    private static func hideInput() {
        saved.withLock { saved in
            var settings = termios()
            guard tcgetattr(STDIN_FILENO, &settings) == 0 else { return }
            saved = settings
            settings.c_lflag &= ~tcflag_t(ECHO)
            tcsetattr(STDIN_FILENO, TCSAFLUSH, &settings)
        }
    }
}

import ArgumentParser
import Foundation

/// Where a password comes from: never an argument, which everybody on the machine can read.
struct PasswordOptions: ParsableArguments {
    @Option(
        help: ArgumentHelp(
            "A file whose first line is the password; - is standard input. Without it you are asked.",
            valueName: "file"))
    var passwordFile: String?

    /// - Throws: `CommandFailure` for an empty password, or one that was typed differently twice.
    func read(for login: String) throws -> String {
        let password: String
        if let passwordFile, passwordFile != "-" {
            password = try firstLine(of: passwordFile)
        } else if passwordFile == "-" || isatty(STDIN_FILENO) == 0 {
            guard let line = readLine() else { throw CommandFailure("no password came on standard input") }
            password = line
        } else {
            password = try ask("Password of \(login): ")
            guard try ask("The same again: ") == password else {
                throw CommandFailure("the two passwords differ; nothing was changed")
            }
        }
        guard !password.isEmpty else {
            throw CommandFailure("the password is empty; give one of at least one character")
        }
        return password
    }

    private func firstLine(of path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw CommandFailure("the password file \(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw CommandFailure("the password file \(path) is not UTF-8 text")
        }
        return String(text.prefix { !$0.isNewline })
    }

    /// On the terminal itself, without an echo.
    private func ask(_ question: String) throws -> String {
        guard let terminal = fopen("/dev/tty", "r+") else {
            throw CommandFailure("there is no terminal to ask on; use --password-file")
        }
        defer { fclose(terminal) }
        var settings = termios()
        tcgetattr(fileno(terminal), &settings)
        let before = settings
        settings.c_lflag &= ~tcflag_t(ECHO)
        // Ctrl-C at the question must not leave a terminal that shows nothing.
        silenced = (fileno(terminal), before)
        for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { signal(number, giveEchoBack) }
        tcsetattr(fileno(terminal), TCSAFLUSH, &settings)
        // Only now: who answers at once is not shown either.
        fputs(question, terminal)
        fflush(terminal)
        defer {
            var before = before
            tcsetattr(fileno(terminal), TCSAFLUSH, &before)
            for number in [SIGINT, SIGTERM, SIGHUP, SIGQUIT] { signal(number, SIG_DFL) }
            fputs("\n", terminal)
        }
        var line: UnsafeMutablePointer<CChar>?
        var capacity = 0
        let length = getline(&line, &capacity, terminal)
        defer { free(line) }
        guard length > 0, let line else { throw CommandFailure("no password was typed") }
        let typed = String(decoding: UnsafeRawBufferPointer(start: line, count: length), as: UTF8.self)
        return String(typed.prefix { !$0.isNewline })
    }
}

/// The terminal whose echo is off, and its settings before. Safe without a lock: written by the one thread that asks,
/// before the handler that reads it is installed, and asking happens once at a time.
private nonisolated(unsafe) var silenced: (terminal: Int32, before: termios) = (-1, termios())

/// Only calls that a signal handler may make (signal-safety(7)).
private func giveEchoBack(_ number: Int32) {
    tcsetattr(silenced.terminal, TCSANOW, &silenced.before)
    _exit(128 + number)
}

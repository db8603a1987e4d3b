import CAgent
import FarmModel
import Glibc
import GuestControl

/// Starts outside programs: with a time limit and to their end, or as the user and for long.
enum GuestProgram {
    static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// The most output of a bounded command that is kept, in bytes.
    static let outputMax = 65_536

    struct Ending: Sendable {
        /// The exit code, or 128 and the number of the signal, as shells count.
        var status: Int32
        var output: String
    }

    /// Runs a command as the agent's own user and waits, at most `limit`; then it and its children are killed and
    /// the outcome is an error. Its output and errors come together.
    static func run(_ arguments: [String], limit: Duration) throws(AgentFailure) -> Ending {
        let words = arguments.joined(separator: " ")
        var ends: [Int32] = [-1, -1]
        guard cagent_pipe(&ends) == 0 else { throw AgentFailure("make a pipe for \(words)", errno: errno) }
        defer { close(ends[0]) }
        let child = try startBounded(arguments, output: ends[1])
        let deadline = SystemCall.now().advanced(by: limit)
        var output: [UInt8] = []
        var isOpen = true
        while true {
            if isOpen { isOpen = drain(ends[0], into: &output, upTo: 50) } else { SystemCall.pause(milliseconds: 5) }
            var status: Int32 = 0
            if waitpid(child, &status, WNOHANG) == child {
                while isOpen, drain(ends[0], into: &output, upTo: 0) {}
                let signal = status & 0x7f
                return Ending(
                    status: signal == 0 ? (status >> 8) & 0xff : 128 + signal,
                    output: String(decoding: output, as: UTF8.self))
            }
            if SystemCall.now() >= deadline {
                Glibc.kill(-child, SIGKILL)
                waitpid(child, &status, 0)
                throw AgentFailure("\(words): did not end within \(limit); killed")
            }
        }
    }

    /// Closes `output`, so that its reader sees the end.
    private static func startBounded(_ arguments: [String], output: Int32) throws(AgentFailure) -> Int32 {
        defer { close(output) }
        let environment = ["PATH=\(searchPath)", "LC_ALL=C", "HOME=/root"]
        return try start(arguments, environment: environment, as: nil, folder: "/", output: output)
    }

    /// Runs a command that must end with 0.
    @discardableResult
    static func require(_ arguments: [String], limit: Duration) throws(AgentFailure) -> String {
        let ending = try run(arguments, limit: limit)
        guard ending.status == 0 else {
            let said = ending.output.split(whereSeparator: \.isNewline).suffix(3).joined(separator: "; ")
            throw AgentFailure("\(arguments.joined(separator: " ")): exit code \(ending.status): \(said)")
        }
        return ending.output
    }

    /// Starts a program in a session of its own that outlives the agent. Returns its process id.
    static func start(
        _ arguments: [String], environment: [String], as account: SessionAccount?, folder: String, output: Int32
    ) throws(AgentFailure) -> Int32 {
        guard let path = find(arguments[0]) else {
            throw AgentFailure("start \(arguments[0]): there is no such program in \(searchPath)")
        }
        var words = arguments.map { strdup($0) } + [nil]
        var settings = environment.map { strdup($0) } + [nil]
        let place = strdup(folder)
        defer {
            for text in words + settings + [place] { free(text) }
        }
        let groups = (account?.otherGroups ?? []).prefix(64).map { gid_t($0) }
        let child = groups.withUnsafeBufferPointer { groups in
            var identity = cagent_identity(
                user: Int32(account?.user ?? -1), group: Int32(account?.group ?? -1), groups: groups.baseAddress,
                group_count: Int32(groups.count), folder: place.map { UnsafePointer($0) })
            return cagent_start(path, &words, &settings, &identity, output)
        }
        guard child > 0 else { throw AgentFailure("start \(path)", errno: -child) }
        return child
    }

    private static func find(_ name: String) -> String? {
        if name.contains("/") { return name }
        return searchPath.split(separator: ":").map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Reads what is there within that many milliseconds. False at the end.
    private static func drain(_ file: Int32, into output: inout [UInt8], upTo milliseconds: Int32) -> Bool {
        var waiting = pollfd(fd: file, events: Int16(POLLIN), revents: 0)
        guard poll(&waiting, 1, milliseconds) > 0 else { return milliseconds > 0 }
        var chunk = [UInt8](repeating: 0, count: 4096)
        let got = read(file, &chunk, chunk.count)
        guard got > 0 else { return false }
        output += chunk.prefix(max(0, min(got, outputMax - output.count)))
        return true
    }
}

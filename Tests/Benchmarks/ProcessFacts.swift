import Foundation
import Glibc
import XCTest

/// What the kernel says of a process (proc(5)).
enum ProcessFacts {
    /// Processor time of the process, of its children that have ended, and of those that live, with theirs.
    static func cpuSecondsOfTree(of pid: pid_t) throws -> Double {
        var parents: [pid_t: pid_t] = [:]
        var times: [pid_t: Double] = [:]
        for name in try FileManager.default.contentsOfDirectory(atPath: "/proc") {
            // One that has just ended is found in its parent's time.
            guard let child = pid_t(name), let fields = try? statistics(of: child), fields.count > 14 else { continue }
            parents[child] = pid_t(fields[1])
            times[child] = fields[11...14].reduce(0) { $0 + (Double($1) ?? 0) } / ticks
        }
        let isOfTree = { (child: pid_t) in
            var ancestor: pid_t? = child
            while let present = ancestor, present != pid { ancestor = parents[present] }
            return ancestor == pid
        }
        return times.filter { isOfTree($0.key) }.values.reduce(0, +)
    }

    static func age(of pid: pid_t) throws -> Duration {
        let uptime = try String(contentsOfFile: "/proc/uptime", encoding: .utf8)
        let now = try XCTUnwrap(Double(uptime.prefix { $0 != " " }))
        return .seconds(now - (Double(try statistics(of: pid)[19]) ?? 0) / ticks)
    }

    static func residentKiB(of pid: pid_t) throws -> Int {
        let lines = try String(contentsOfFile: "/proc/\(pid)/status", encoding: .utf8).split(separator: "\n")
        let line = try XCTUnwrap(lines.first { $0.hasPrefix("VmRSS:") })
        return Int(line.filter(\.isNumber)) ?? 0
    }

    private static var ticks: Double { Double(sysconf(Int32(_SC_CLK_TCK))) }

    /// The fields of `stat` after the name, from the third.
    private static func statistics(of pid: pid_t) throws -> [Substring] {
        let text = try String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)
        return try XCTUnwrap(text.split(separator: ")").last).split(separator: " ")
    }
}

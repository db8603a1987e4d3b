import Foundation
import Glibc
import XCTest

/// What the kernel says of a process (proc(5)).
enum ProcessFacts {
    static func cpuSeconds(of pid: pid_t) throws -> Double {
        let fields = try statistics(of: pid)
        return ((Double(fields[11]) ?? 0) + (Double(fields[12]) ?? 0)) / ticks
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

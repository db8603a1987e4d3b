import FarmModel
import Foundation

/// `2026-03-01 12:00:05Z` for people, `2026-03-01T12:00:05Z` (ISO 8601) for programs.
func timeText(_ time: WallTime, separator: String) -> String {
    let parts = utc(time)
    return String(
        format: "%04d-%02d-%02d%@%02d:%02d:%02dZ", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday, separator,
        parts.tm_hour, parts.tm_min, parts.tm_sec)
}

/// `2026-03-01`, in UTC: what versions are named by.
func dayText(_ time: WallTime) -> String {
    let parts = utc(time)
    return String(format: "%04d-%02d-%02d", parts.tm_year + 1900, parts.tm_mon + 1, parts.tm_mday)
}

private func utc(_ time: WallTime) -> tm {
    var seconds = time_t(time.seconds)
    var parts = tm()
    gmtime_r(&seconds, &parts)
    return parts
}

package import FarmModel
import TextEncodings

/// What can be asked of the agent in a VM: `GET /vma/<method>`.
package enum AgentMethod: String, Sendable, Hashable, CaseIterable {
    case ping
    case startSession = "x_start"
    case sessionState = "x_state"
    case suspendSession = "x_suspend"
    case stopSession = "x_stop"
    case powerOff = "poweroff"
}

/// One question to the agent, as it stands in the request line: `/vma/x_start?qvd.client.link=adsl`.
/// Printed without the values.
package struct AgentCall: Sendable, Hashable, CustomStringConvertible {
    package static let pathPrefix = "/vma/"
    /// The original's `internal.vm.port.vma`.
    package static let port = 3030
    /// The longest request target an agent reads, in bytes.
    package static let targetLengthMax = 16_384
    /// The most parameters an agent takes.
    package static let parametersMax = 256

    package var method: AgentMethod
    package var parameters: [String: String]

    package init(_ method: AgentMethod, parameters: [String: String] = [:]) {
        self.method = method
        self.parameters = parameters
    }

    /// The request target; parameters sorted by name.
    package var target: String {
        let query = PercentEncoding.encodeQuery(
            parameters.sorted { $0.key < $1.key }.map { (name: $0.key, value: $0.value) })
        return Self.pathPrefix + method.rawValue + (query.isEmpty ? "" : "?" + query)
    }

    /// Reads a request target. Throws for another path, an unknown method, a broken query, or one over the
    /// limits. Of a name given twice the last value counts.
    package init(target: String) throws(GuestProtocolError) {
        guard target.utf8.count <= Self.targetLengthMax else {
            throw GuestProtocolError("agent request", "longer than \(Self.targetLengthMax) bytes")
        }
        let halves = target.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        guard let path = halves.first, path.hasPrefix(Self.pathPrefix) else {
            throw GuestProtocolError("agent request", "the path does not begin with \(Self.pathPrefix)")
        }
        guard let method = AgentMethod(rawValue: String(path.dropFirst(Self.pathPrefix.count))) else {
            let known = AgentMethod.allCases.map(\.rawValue).joined(separator: ", ")
            throw GuestProtocolError("agent request", "unknown method; known are \(known)")
        }
        guard let items = PercentEncoding.decodeQuery(halves.count > 1 ? halves[1] : "") else {
            throw GuestProtocolError("agent request", "the query has a broken %-escape or is not UTF-8")
        }
        guard items.count <= Self.parametersMax else {
            throw GuestProtocolError("agent request", "more than \(Self.parametersMax) parameters")
        }
        self.init(method, parameters: Dictionary(items.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 }))
    }

    package var description: String {
        let names = parameters.keys.sorted().joined(separator: ", ")
        return names.isEmpty ? method.rawValue : "\(method.rawValue)(\(names))"
    }
}

/// The `Authorization` header with which a caller shows the VM's secret.
package enum AgentAuthorization {
    package static func header(for secret: AgentSecret) -> String { "Bearer \(secret.text)" }

    /// Compares in a time that depends on the lengths only.
    package static func admits(header: String?, secret: AgentSecret) -> Bool {
        guard let header else { return false }
        let given = Array(header.utf8)
        let wanted = Array(Self.header(for: secret).utf8)
        guard given.count == wanted.count else { return false }
        return zip(given, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

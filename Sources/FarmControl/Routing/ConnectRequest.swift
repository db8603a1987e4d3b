package import FarmModel
import TextEncodings

/// A request for a session, read from `/qvd/connect_to_vm` and checked. Printed without the values.
package struct ConnectRequest: Sendable, Hashable, CustomStringConvertible {
    /// What one client may send: 64 parameters, names of 128 bytes, values of 1,024 bytes, 8,192 bytes in
    /// all.
    package static let parametersMax = 64
    package static let nameLengthMax = 128
    package static let valueLengthMax = 1024
    package static let lengthMax = 8192

    package let vm: VMID
    /// `qvd.client.*` and `custom.*`.
    package let parameters: [String: String]

    /// Throws the answer that refuses the request: 426 without the upgrade headers, 403 for a parameter that
    /// clients may not set, 422 for an id or a value that cannot be. Of a name given twice the last value
    /// counts.
    package init(
        upgrade: String?, connection: String?, query: [(name: String, value: String)]
    ) throws(RouterAnswer) {
        guard Self.names("QVD/1.0", in: upgrade), Self.names("Upgrade", in: connection) else {
            throw .upgradeRequired
        }
        vm = try Self.vm(in: query)
        var parameters: [String: String] = [:]
        var length = 0
        for (name, value) in query where name != "id" {
            guard SessionParameter.clientPrefixes.contains(where: { name.hasPrefix($0) && name != $0 }) else {
                throw RouterAnswer(403, "A client may set only id, qvd.client.* and custom.*.")
            }
            guard name.utf8.count <= Self.nameLengthMax, value.utf8.count <= Self.valueLengthMax else {
                throw RouterAnswer(
                    422,
                    "A parameter is longer than \(Self.nameLengthMax) (name) or \(Self.valueLengthMax) (value)."
                )
            }
            guard (name + value).unicodeScalars.allSatisfy(ForeignText.isPlain) else {
                throw RouterAnswer(422, "A parameter contains a control character.")
            }
            length += name.utf8.count + value.utf8.count
            parameters[name] = value
        }
        guard parameters.count <= Self.parametersMax, length <= Self.lengthMax else {
            throw RouterAnswer(
                422, "More than \(Self.parametersMax) parameters or \(Self.lengthMax) bytes of them.")
        }
        if let cookie = parameters[SessionParameter.nxCookie] {
            guard cookie.utf8.count == 32, cookie.unicodeScalars.allSatisfy({ $0.properties.isASCIIHexDigit })
            else {
                throw RouterAnswer(422, "\(SessionParameter.nxCookie) must be 32 hexadecimal digits.")
            }
        }
        self.parameters = parameters
    }

    /// The `id` of a query. Throws 422 when it is missing, given twice, or no positive number.
    package static func vm(in query: [(name: String, value: String)]) throws(RouterAnswer) -> VMID {
        let ids = query.filter { $0.name == "id" }
        guard ids.count == 1, let number = Int64(ids[0].value), number > 0 else {
            throw RouterAnswer(
                422, "The parameter id must be given once and be the number of a virtual machine.")
        }
        return VMID(number)
    }

    /// What the agent gets: the client's parameters, overridden by the properties of the VM, overridden by
    /// the router's own. Properties for the router itself (`l7r.*`, which may hold secrets) stay here.
    package func agentParameters(properties: Properties, router: [String: String]) -> [String: String] {
        parameters
            .merging(properties.filter { !$0.key.hasPrefix("l7r.") }, uniquingKeysWith: { $1 })
            .merging(router, uniquingKeysWith: { $1 })
    }

    package var description: String {
        "VM \(vm) with \(parameters.keys.sorted().joined(separator: ", "))"
    }

    /// Whether a header that is a list contains the word, in any case.
    private static func names(_ word: String, in header: String?) -> Bool {
        guard let header else { return false }
        return header.split(separator: ",").contains { part in
            String(part.filter { !$0.isWhitespace }).lowercased() == word.lowercased()
        }
    }
}

extension RouterAnswer: Error {}

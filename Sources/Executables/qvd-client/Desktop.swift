import TextEncodings

/// One of the user's desktops, as the server lists it.
struct Desktop: Sendable, Equatable {
    let id: Int64
    /// As the server writes it; people are shown `title`.
    let name: String
    let state: String
    let isBlocked: Bool

    var title: String { ForeignText.shown(name) }

    /// Reads the body of `/qvd/list_of_vm`. Numbers may stand in quotes: some servers write them so.
    static func list(_ body: String) throws -> [Desktop] {
        guard let document = try? JSONValue(decoding: Array(body.utf8)), case .array(let items) = document else {
            throw ClientFailure("the server's list of desktops is not what was expected; is this a QVD server?")
        }
        return try items.map { item in
            guard let id = item["id"]?.wholeNumber, case .string(let name)? = item["name"],
                case .string(let state)? = item["state"]
            else { throw ClientFailure("the server's list of desktops has an entry without id, name or state") }
            return Desktop(id: id, name: name, state: state, isBlocked: item["blocked"]?.wholeNumber ?? 0 != 0)
        }
    }

    /// The one meant by a name or a number.
    static func find(_ wanted: String, in desktops: [Desktop]) throws -> Desktop {
        let found = desktops.filter { $0.name == wanted }
        if let one = found.first, found.count == 1 { return one }
        if found.isEmpty, let id = Int64(wanted), let one = desktops.first(where: { $0.id == id }) { return one }
        throw ClientFailure(
            found.isEmpty
                ? "you have no desktop `\(wanted)`; yours are \(names(desktops))"
                : "more than one desktop is called `\(wanted)`; give the number instead")
    }

    static func names(_ desktops: [Desktop]) -> String {
        desktops.map { "\($0.title) (\($0.id))" }.joined(separator: ", ")
    }

    var asJSON: JSONValue {
        .object([
            .init("id", .integer(id)), .init("name", .string(name)), .init("state", .string(state)),
            .init("blocked", .bool(isBlocked)),
        ])
    }

    var asLine: String {
        let number = String(id)
        let pad = String(repeating: " ", count: max(0, 6 - number.count))
        return "\(pad)\(number)  \(isBlocked ? "blocked" : ForeignText.shown(state))  \(title)"
    }
}

extension JSONValue {
    fileprivate var wholeNumber: Int64? {
        switch self {
        case .number(let text), .string(let text): Int64(text)
        case .bool(let flag): flag ? 1 : 0
        default: nil
        }
    }
}

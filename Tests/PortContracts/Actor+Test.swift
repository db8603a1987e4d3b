package import FarmModel

/// In tests somebody who may do everything is named by a text alone.
extension Actor: ExpressibleByStringLiteral {
    package init(stringLiteral name: String) { self = .console(name: name) }
}

import FarmModel
import TextEncodings

/// What a name may be, by the original's column widths, and what keeps it usable in logins, lists and file names.
enum NameRules {
    /// - Throws: `.invalid`, naming the object and the rule.
    static func check(
        _ name: String, what: String, _ subject: AdministrationSubject, lengthMax: Int, forbidden: String = "",
        allowsSpaces: Bool = false
    ) throws(LedgerError) {
        func refuse(_ rule: String) -> LedgerError {
            .refuse(.invalid, subject, "\(what) name \(quoted(name)) \(rule)")
        }
        guard !name.isEmpty else {
            throw .refuse(.invalid, subject, "\(what) name is empty; give it at least one character")
        }
        let length = name.unicodeScalars.count
        guard length <= lengthMax else {
            throw refuse("is \(length) characters long; at most \(lengthMax) are allowed")
        }
        guard name.unicodeScalars.allSatisfy(ForeignText.isPlain) else {
            throw refuse("contains a character that does not show itself (a control character, for one); leave it out")
        }
        guard name.first != "-" else { throw refuse("begins with `-`; begin it with a letter or a digit") }
        guard name.first?.isWhitespace == false, name.last?.isWhitespace == false else {
            throw refuse("begins or ends with a space; leave it out")
        }
        if !allowsSpaces, name.contains(where: \.isWhitespace) {
            throw refuse("contains a space; leave it out")
        }
        if let character = name.first(where: forbidden.contains) {
            throw refuse("contains `\(character)`; leave it out")
        }
    }

    /// A login is stored as `LoginName` reads it: lower case. `@` and `#` divide login and tenant, and HTTP Basic
    /// authentication ends the login at the first colon.
    static func login(_ text: String) throws(LedgerError) -> String {
        let login = text.lowercased()
        try check(login, what: "user", .noun(.user), lengthMax: 64, forbidden: "@#:/")
        return login
    }

    static func tenant(_ text: String) throws(LedgerError) -> String {
        let name = text.lowercased()
        try check(name, what: "tenant", .noun(.tenant), lengthMax: 80, forbidden: "@#:/")
        return name
    }

    static func osf(_ name: String) throws(LedgerError) {
        try check(name, what: "OSF", .noun(.osf), lengthMax: 64, allowsSpaces: true)
    }

    static func node(_ name: String) throws(LedgerError) {
        try check(name, what: "node", .noun(.node), lengthMax: 127)
    }

    /// Any printable text: it never becomes a file or interface name.
    static func vm(_ name: String) throws(LedgerError) {
        try check(name, what: "VM", .noun(.vm), lengthMax: 64, allowsSpaces: true)
    }

    /// One component of a path, at most NAME_MAX bytes with what overlays and kernels append to it. A comma ends an
    /// option of qemu's command lines.
    static func imageFile(_ file: String) throws(LedgerError) {
        try check(file, what: "image file", .noun(.image), lengthMax: 200, forbidden: "/", allowsSpaces: true)
        guard file.utf8.count <= 200 else {
            throw .refuse(
                .invalid, .noun(.image), "image file name \(quoted(file)) is longer than 200 bytes; shorten it")
        }
        guard file.first != "." else {
            throw .refuse(
                .invalid, .noun(.image),
                "image file name \(quoted(file)) begins with a dot, which marks unfinished files")
        }
    }

    static func tag(_ tag: String) throws(LedgerError) {
        try check(tag, what: "tag", .noun(.image), lengthMax: 128, forbidden: ",")
    }

    static func version(_ version: String) throws(LedgerError) {
        try check(version, what: "version", .noun(.image), lengthMax: 64, forbidden: ",")
        guard version != ImageTag.head, version != ImageTag.standard else {
            throw .refuse(
                .invalid, .noun(.image), "`\(version)` is a moving tag and cannot be a version; choose another")
        }
    }

    static func property(_ key: String, value: String) throws(LedgerError) {
        try check(key, what: "property", .property(key: key), lengthMax: 1024, forbidden: "=")
        try checkIsASCII(key, what: "property", .property(key: key))
        try checkValue(value, of: "property `\(key)`", .property(key: key), lengthMax: 32_768)
    }

    static func configuration(_ key: String, value: String) throws(LedgerError) {
        try check(key, what: "configuration key", .configuration(key: key), lengthMax: 64, forbidden: "=")
        try checkIsASCII(key, what: "configuration key", .configuration(key: key))
        try checkValue(value, of: "configuration key `\(key)`", .configuration(key: key), lengthMax: 4096)
    }

    private static func checkIsASCII(
        _ name: String, what: String, _ subject: AdministrationSubject
    ) throws(LedgerError) {
        guard name.utf8.allSatisfy({ $0 < 128 }) else {
            throw .refuse(
                .invalid, subject, "\(what) name \(quoted(name)) contains a character outside ASCII; leave it out")
        }
    }

    private static func checkValue(
        _ value: String, of what: String, _ subject: AdministrationSubject, lengthMax: Int
    ) throws(LedgerError) {
        let length = value.unicodeScalars.count
        guard length <= lengthMax else {
            throw .refuse(
                .invalid, subject, "the value of \(what) is \(length) characters long; at most \(lengthMax)")
        }
        guard !value.unicodeScalars.contains("\0") else {
            throw .refuse(.invalid, subject, "the value of \(what) contains a zero byte; leave it out")
        }
    }
}

/// Tags that every OSF has.
package enum ImageTag {
    /// The newest image, until an operator moves it.
    package static let head = "head"
    /// What VMs run unless they say otherwise.
    package static let standard = "default"
}

/// For messages: in backticks, made fit to be shown, cut after 80 characters.
func quoted(_ text: String) -> String { "`\(ForeignText.shown(text, upTo: 80))`" }

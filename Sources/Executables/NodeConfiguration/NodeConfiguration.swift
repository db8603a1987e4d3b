import FarmModel
import Glibc

/// What one node is told by its file, `/etc/qvd/node.conf`: `key = value` lines with the original's key names. A value
/// is read under the name of its key in `NodeKeys`: `configuration.router.port`.
@dynamicMemberLookup
package struct NodeConfiguration: Sendable, Equatable {
    package static let standardPath = "/etc/qvd/node.conf"

    /// Where it was read from.
    package let file: String
    /// By the names of their keys; each was checked when the file was read.
    private let texts: [String: String]

    package subscript<Value>(dynamicMember key: KeyPath<NodeKeys, ConfigurationKey<Value>>) -> Value {
        NodeKeys.table[keyPath: key].value(in: texts)
    }

    package subscript<Keys: ConfigurationKeyGroup>(
        dynamicMember group: KeyPath<NodeKeys, Keys>
    ) -> ConfigurationValues<Keys> {
        ConfigurationValues(keys: NodeKeys.table[keyPath: group], texts: texts)
    }

    /// A file at the standard path may be missing: then every key has its default.
    ///
    /// - Throws: `ConfigurationError` when the file cannot be read (with errno's words) or says something wrong.
    package static func read(from path: String = standardPath) throws(ConfigurationError) -> NodeConfiguration {
        if path == standardPath, access(path, F_OK) != 0, errno == ENOENT {
            return try NodeConfiguration(parsing: "", file: path)
        }
        return try NodeConfiguration(parsing: try contents(of: path), file: path)
    }

    /// - Parameter file: named in errors.
    package init(parsing text: String, file: String) throws(ConfigurationError) {
        let found = try ConfigurationText(text, file: file)
        var texts: [String: String] = [:]
        for key in NodeKeys.all { texts[key.name] = try found.checked(key) }
        self.file = file
        self.texts = texts
    }

    /// A file with every key, its meaning and its default, all commented out.
    package static var sample: String {
        var lines = ["# \(standardPath): what this node is and where it keeps things. Every key has the default shown."]
        for key in NodeKeys.all {
            lines += ["", "# \(key.summary)", "#\(key.name) = \(key.defaultText ?? "")"]
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// The values of a group of keys, read under the keys' names.
@dynamicMemberLookup
package struct ConfigurationValues<Keys: ConfigurationKeyGroup>: Sendable {
    fileprivate let keys: Keys
    fileprivate let texts: [String: String]

    package subscript<Value>(dynamicMember key: KeyPath<Keys, ConfigurationKey<Value>>) -> Value {
        keys[keyPath: key].value(in: texts)
    }
}

extension ConfigurationKey {
    /// - Parameter texts: of all keys, checked.
    fileprivate func value(in texts: [String: String]) -> Value {
        guard let value = value(of: texts[name]) else { preconditionFailure("\(name) was not checked") }
        return value
    }
}

extension NodeConfiguration {
    /// Of `255.255.255.0`, `24` or `/24`; nil for a mask with holes.
    package static func prefixLength(of text: String) -> Int? {
        let digits = text.hasPrefix("/") ? String(text.dropFirst()) : text
        if let length = Int(digits) { return (0...32).contains(length) ? length : nil }
        guard let mask = IPv4Address(text)?.bits else { return nil }
        let length = (~mask).leadingZeroBitCount
        return length == 32 || mask == ~UInt32(0) << (32 - UInt32(length)) ? length : nil
    }
}

/// The kernel's host name, up to the first dot.
func machineName() -> String {
    var buffer = [CChar](repeating: 0, count: 256)
    guard gethostname(&buffer, buffer.count - 1) == 0 else { return "localhost" }
    let bytes = buffer.prefix { $0 != 0 && $0 != CChar(UInt8(ascii: ".")) }
    return String(decoding: bytes.map(UInt8.init(bitPattern:)), as: UTF8.self)
}

private func contents(of path: String) throws(ConfigurationError) -> String {
    func failure() -> ConfigurationError {
        let reason = String(cString: strerror(errno))
        return ConfigurationError(
            file: path, line: nil,
            message: "cannot be read: \(reason) (errno \(errno)); write one (`qvd init --sample` prints one) or name"
                + " another with --config")
    }
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failure() }
    defer { close(descriptor) }
    var bytes: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    while true {
        let count = Glibc.read(descriptor, &chunk, chunk.count)
        if count < 0 && errno == EINTR { continue }
        guard count >= 0 else { throw failure() }
        if count == 0 { break }
        bytes += chunk[..<count]
        guard bytes.count <= 1 << 20 else {
            throw ConfigurationError(file: path, line: nil, message: "is larger than 1 MiB; this is no node.conf")
        }
    }
    guard let text = String(validating: bytes, as: UTF8.self) else {
        throw ConfigurationError(file: path, line: nil, message: "is not UTF-8 text")
    }
    return text
}

/// One netlink request being written. Lengths are patched when a scope closes, so no size is computed by
/// hand. Numbers are in the machine's byte order, as netlink has them.
package struct NetlinkRequest: Sendable {
    package let type: UInt16
    package let flags: UInt16
    package private(set) var body: [UInt8] = []

    package init(type: UInt16, flags: UInt16) {
        self.type = type
        self.flags = flags
    }

    /// The whole message: header (`struct nlmsghdr`) and body.
    package func message(sequence: UInt32) -> [UInt8] {
        var whole = NetlinkRequest(type: 0, flags: 0)
        whole.append(UInt32(16 + body.count))
        whole.append(type)
        whole.append(flags)
        whole.append(sequence)
        whole.append(UInt32(0))  // the kernel fills in the sender
        whole.append(octets: body)
        return whole.body
    }

    package mutating func append<Number: FixedWidthInteger & BitwiseCopyable>(_ value: Number) {
        withUnsafeBytes(of: value) { body.append(contentsOf: $0) }
    }

    package mutating func append(octets: some Sequence<UInt8>) { body.append(contentsOf: octets) }

    /// An attribute (`struct nlattr`); its content is what `content` appends.
    package mutating func attribute(_ type: Int, content: (inout NetlinkRequest) -> Void) {
        let start = body.count
        append(UInt16(0))
        append(UInt16(type))
        content(&self)
        withUnsafeBytes(of: UInt16(body.count - start)) { body.replaceSubrange(start..<start + 2, with: $0) }
        while body.count % 4 != 0 { body.append(0) }
    }

    package mutating func attribute(_ type: Int, text: String) {
        attribute(type) {
            $0.append(octets: text.utf8)
            $0.append(UInt8(0))
        }
    }

    package mutating func attribute<Number: FixedWidthInteger & BitwiseCopyable>(_ type: Int, number: Number) {
        attribute(type) { $0.append(number) }
    }

    /// A container of attributes.
    package mutating func nested(_ type: Int, content: (inout NetlinkRequest) -> Void) {
        attribute(type | NetlinkConstant.nested, content: content)
    }
}

/// Numbers that all families of netlink share (linux/netlink.h), which never change.
package enum NetlinkConstant {
    // Message types.
    static let error: UInt16 = 2
    static let done: UInt16 = 3

    // Flags of a message.
    package static let request: UInt16 = 0x01
    package static let acknowledge: UInt16 = 0x04
    static let dumpInterrupted: UInt16 = 0x10
    package static let replace: UInt16 = 0x100
    package static let dump: UInt16 = 0x300
    package static let create: UInt16 = 0x400
    /// In an acknowledgement: the echoed request is cut off; attributes follow.
    static let capped: UInt16 = 0x100
    static let hasAttributes: UInt16 = 0x200
    static let errorText = 1

    static let nested = 0x8000
}

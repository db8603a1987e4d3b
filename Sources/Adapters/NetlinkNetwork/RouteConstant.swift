/// Numbers of the kernel's interface (linux/rtnetlink.h, if_link.h, neighbour.h, if_tun.h), which never
/// change.
enum RouteConstant {
    // Message types.
    static let newLink: UInt16 = 16
    static let deleteLink: UInt16 = 17
    static let getLink: UInt16 = 18
    static let newAddress: UInt16 = 20
    static let getAddress: UInt16 = 22
    static let newNeighbour: UInt16 = 28

    // Link attributes.
    static let linkName = 3
    static let linkMaster = 10
    static let linkInfo = 18
    static let infoKind = 1
    static let infoData = 2
    static let infoSlaveKind = 4
    static let infoSlaveData = 5
    static let portGuard = 5
    static let portLearning = 8
    static let tunType = 3
    static let tunPacketInformation = 4
    static let tunVirtioHeader = 5
    static let tunPersistent = 6
    static let interfaceUp: UInt32 = 1
    /// IFF_TAP, as `tunType` gives it.
    static let tapType: UInt8 = 2

    // Address attributes.
    static let addressLocal = 2
    static let familyIPv4: UInt8 = 2
    static let familyBridge: UInt8 = 7

    // Neighbours: entries of a bridge's forwarding table.
    static let neighbourMAC = 2
    /// NUD_NOARP: the entry does not age.
    static let stateStatic: UInt16 = 0x40
    /// NTF_MASTER and NTF_STICKY: in the bridge's table; a frame seen at another port does not move it.
    static let flagsMasterSticky: UInt8 = 0x04 | 0x40
}

/// Free key-value pairs on users, VMs, OSFs, images and nodes. A VM's session sees OSF, image, user and VM
/// properties, later ones overriding earlier ones (the original's order).
package typealias Properties = [String: String]

/// Which object a property hangs on.
package enum PropertyOwner: Sendable, Hashable {
    case osf(OSFID)
    case image(ImageID)
    case user(UserID)
    case vm(VMID)
    case node(NodeID)
}

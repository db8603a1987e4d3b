package import FarmModel

/// Taps on the node's one bridge. The bridge is made by the operator and never by us.
package protocol NodeNetwork: Sendable {
    /// Makes the tap exist (persistent), be a port of the bridge, and be up. The bridge is told that `mac` is behind
    /// the tap and learns nothing else from it: no filter sees link-local frames (LLDP) before the bridge would
    /// learn their source. Idempotent; repairs what is half done. Rejected with `.notFound` when the bridge does not
    /// exist: then no tap is left behind either; with `.alreadyExists` when an interface that is no tap has the name.
    func ensureTap(_ tap: TapName, mac: MACAddress) async throws(PortError)

    /// Makes the tap not exist. Idempotent.
    func removeTap(_ tap: TapName) async throws(PortError)

    /// Every tap with a name of ours (any farm, any node), sorted by name.
    func observeTaps() async throws(PortError) -> [ObservedTap]

    /// `.notFound` when there is no such bridge.
    func observeBridge() async throws(PortError) -> ObservedBridge
}

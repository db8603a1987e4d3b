import FarmModel
import Simulator

/// The network segment that joins the bridges of several nodes: who is on it, and who answers there.
package final class SimulatedSegment: Sendable {
    private let members = Confined<[SimulatedHost]>([])

    package init() {}

    /// In the order in which they joined.
    package var hosts: [SimulatedHost] { members.value }

    func join(_ host: SimulatedHost) { members.value.append(host) }
}

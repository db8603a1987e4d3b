import FarmControl
package import FarmModel
import FarmPorts

// What administrators do with VMs besides plain commands.
extension Administration {
    /// Why a VM is in its state and what to do, one sentence per line.
    package func explain(_ text: String) async throws -> [String] {
        let vm = try await vm(text).vm
        guard let part = try await ports.details.surroundings(of: vm.id),
            let lines = Explanation.of(vm.id, in: part, at: ports.clock.wallTime)
        else {
            throw AdministrationRefusal(.notFound, .noun(.vm), "there is no VM `\(text)`", [.list(.vm)])
        }
        return lines
    }

    /// What came of a wish to start.
    package struct Start: Sendable, Hashable {
        package let vm: VirtualMachine
        /// The name of the node.
        package let node: String
        package let wasWanted: Bool
    }

    /// Wants the VM to run: where it is, on the node that is named, or on the least loaded one.
    package func start(_ text: String, on node: String?) async throws -> Start {
        let listing = try await vm(text)
        let chosen = try await self.node(for: listing, named: node)
        try await apply(.startVM(listing.vm.id, node: chosen.id))
        return Start(vm: listing.vm, node: chosen.name, wasWanted: listing.vm.intent.wanted == .run)
    }

    /// The only place that chooses a node here.
    private func node(for listing: VMListing, named name: String?) async throws -> (id: NodeID, name: String) {
        if let assigned = listing.vm.intent.node { return (assigned, listing.node ?? "\(assigned)") }
        if let name {
            let node = try await node(name).node
            return (node.id, node.name)
        }
        let nodes = try await ports.lists.nodes(NodeFilter(), ListPage())
        let able = nodes.filter { $0.node.state == .running && !$0.node.isBlocked }
        let chosen = leastLoaded(able.map { (node: $0.node.id, assignedVMs: $0.vms) })
        guard let found = nodes.first(where: { $0.node.id == chosen })?.node else {
            throw noNode(for: listing.vm, nodes.map(\.node))
        }
        return (found.id, found.name)
    }

    private func noNode(for vm: VirtualMachine, _ nodes: [Node]) -> AdministrationRefusal {
        let reasons = nodes.map { "\($0.name) is \($0.isBlocked ? "blocked" : $0.state.rawValue)" }
        let remedies = nodes.map { $0.isBlocked ? Remedy.unblock(.node($0.id)) : .startNode($0.id) }
        return AdministrationRefusal(
            .noNode, .object(.vm(vm.id)),
            "no node can take VM \(vm.id) (\(vm.name)): "
                + (nodes.isEmpty ? "the farm has none" : reasons.joined(separator: ", ")),
            nodes.isEmpty ? [.addNode] : remedies)
    }
}

package import FarmControl
package import FarmModel
import FarmPorts

// What administrators do with VMs besides plain commands.
extension Administration {
    /// Why a VM is in its state and what to do, the most telling first.
    package func explain(_ text: String) async throws -> [Reason] {
        let vm = try await vm(text).vm
        guard let part = try await ports.details.surroundings(of: vm.id),
            let reasons = Explanation.of(vm.id, in: part, at: ports.clock.wallTime)
        else {
            throw AdministrationRefusal(.notFound, .noun(.vm), "there is no VM `\(text)`", [.list(.vm)])
        }
        return reasons
    }

    /// What came of a wish to start.
    package struct Start: Sendable, Hashable {
        package let vm: VirtualMachine
        /// The name of the node.
        package let node: String
        package let wasWanted: Bool
    }

    /// Wants the VM to run: where it is, on the node that is named, or where the farm's policy places it.
    package func start(_ text: String, on node: String?) async throws -> Start {
        let vm = try await vm(text).vm
        var wanted: NodeID?
        if let node { wanted = try await self.node(node).node.id }
        guard case .placed(_, on: let place) = try await apply(.startVM(vm.id, node: wanted)) else {
            preconditionFailure("a start answers where the VM was placed")
        }
        // Who is kept to a tenant sees no nodes, but where their VMs are. It may have been stopped since.
        let name = try await vms(VMFilter(id: vm.id), ListPage(limit: 1)).first?.node
        return Start(vm: vm, node: name ?? "node \(place)", wasWanted: vm.intent.wanted == .run)
    }
}

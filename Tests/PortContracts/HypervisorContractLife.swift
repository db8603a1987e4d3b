import FarmModel
import FarmPorts

extension HypervisorContract {
    var lifeChecks: [ContractCheck] {
        [
            ContractCheck("create starts a defined VM, once") { try await createStartsOnce() },
            ContractCheck("create refuses what is not defined") { try await createRefusesUndefined() },
            ContractCheck("destroy ends a VM and can be repeated") { try await destroyEnds() },
            ContractCheck("a destroyed VM can be created again") { try await createAfterDestroy() },
            ContractCheck("shutdown of what does not run is refused") {
                try await shutdownRefusesNotRunning()
            },
            ContractCheck("a guest that is asked powers off") { try await shutdownEnds() },
            ContractCheck("a killed emulator is not live") { try await killedIsNotLive() },
        ]
    }

    func createStartsOnce() async throws {
        let specification = try await fixture.specification(of: VMID(11), epoch: Epoch(3))
        try await port.define(specification)
        try await port.create(specification.name)
        let found = try await observed(specification.name)
        try requireEqual(found?.state, .running, "state after create")
        try requireEqual(found?.owner, specification.owner, "owner of the running VM")
        try await requireFailure(
            .rejected, .alreadyExists, "a second create",
            of: { () async throws(PortError) in try await port.create(specification.name) })
        try requireEqual(try await state(of: specification.name), .running, "state after the refusal")
        try await remove(specification.name)
    }

    func createRefusesUndefined() async throws {
        let name = try await fixture.specification(of: VMID(12), epoch: Epoch(1)).name
        try await requireFailure(
            .rejected, .notFound, "create of a VM without definition",
            of: { () async throws(PortError) in try await port.create(name) })
        try require(try await observed(name) == nil, "observed after the refusal")
    }

    func destroyEnds() async throws {
        let name = try await started(VMID(13))
        try await port.destroy(name)
        try requireEqual(try await state(of: name), .shutOff, "state right after destroy")
        try await port.destroy(name)
        try await port.undefine(name)
        try await port.destroy(name)
    }

    func createAfterDestroy() async throws {
        let name = try await started(VMID(14))
        for _ in 0..<3 {
            try await port.destroy(name)
            try await port.create(name)
            try requireEqual(try await state(of: name), .running, "state after create")
        }
        try await remove(name)
    }

    func shutdownRefusesNotRunning() async throws {
        let name = try await defined(VMID(15))
        try await requireFailure(
            .rejected, .notFound, "shutdown of a VM that is off",
            of: { () async throws(PortError) in try await port.shutdown(name) })
        try await port.undefine(name)
        try await requireFailure(
            .rejected, .notFound, "shutdown of no VM",
            of: { () async throws(PortError) in try await port.shutdown(name) })
    }

    func shutdownEnds() async throws {
        let name = try await started(VMID(16))
        try await fixture.guestIsReady(name)
        try await port.shutdown(name)
        try await waitUntilShutOff(name)
        try await remove(name)
    }

    func killedIsNotLive() async throws {
        let name = try await started(VMID(17))
        try await fixture.killEmulator(name)
        try await waitUntilShutOff(name)
        try await port.create(name)
        try requireEqual(try await state(of: name), .running, "state when created again")
        try await remove(name)
    }
}

import FarmModel
import FarmPorts

extension HypervisorContract {
    var eventChecks: [ContractCheck] {
        [
            ContractCheck("a start and a destroy are told") {
                try await events(of: VMID(21), [.started, .stopped(.destroyed)]) { name in
                    try await port.create(name)
                    try await port.destroy(name)
                }
            },
            ContractCheck("a guest's power-off is told") {
                try await events(of: VMID(22), [.started, .stopped(.shutdown)]) { name in
                    try await port.create(name)
                    try await fixture.guestIsReady(name)
                    try await port.shutdown(name)
                }
            },
            ContractCheck("the death of an emulator is told") {
                try await events(of: VMID(23), [.started, .stopped(.crashed)]) { name in
                    try await port.create(name)
                    try await fixture.killEmulator(name)
                }
            },
            ContractCheck("every listener is told") { try await everyListenerIsTold() },
        ]
    }

    /// What may be told of one VM.
    enum Told: Sendable, Equatable {
        case started
        case stopped(StopReason)
    }

    /// Requires that what `happens` does to the VM is told in this order.
    func events(of vm: VMID, _ wanted: [Told], happens: (DomainName) async throws -> Void) async throws {
        let name = try await defined(vm)
        let stream = port.events()
        try await happens(name)
        try await requireStream(stream, tells: wanted, of: name)
        try await waitUntilShutOff(name)
        try await remove(name)
    }

    func everyListenerIsTold() async throws {
        let name = try await defined(VMID(24))
        let streams = [port.events(), port.events()]
        try await port.create(name)
        for stream in streams { try await requireStream(stream, tells: [.started], of: name) }
        try await remove(name)
    }

    /// Reads the stream until it told all of this about the VM; repetitions count once. The stream is read by
    /// a task that the time limit cancels, which ends its iteration.
    func requireStream(
        _ stream: AsyncStream<HypervisorEvent>, tells wanted: [Told], of name: DomainName
    ) async throws {
        try await withThrowingTaskGroup(of: [Told]?.self) { group in
            group.addTask {
                var told: [Told] = []
                for await event in stream {
                    guard let one = telling(event, of: name) else { continue }
                    if told.last != one { told.append(one) }
                    if told.count >= wanted.count { break }
                }
                return told
            }
            group.addTask {
                try await fixture.clock.sleep(for: fixture.patience)
                return nil
            }
            let first = try await group.next()
            group.cancelAll()
            guard case .some(.some(let told)) = first else {
                throw ContractViolation("\(name): not told \(wanted) within \(fixture.patience)")
            }
            try requireEqual(told, wanted, "told of \(name)")
        }
    }

    private func telling(_ event: HypervisorEvent, of name: DomainName) -> Told? {
        switch event {
        case .started(name): .started
        case .stopped(name, let reason): .stopped(reason)
        default: nil
        }
    }
}

import FarmModel
import FarmPorts

extension HypervisorContract {
    var definitionChecks: [ContractCheck] {
        [
            ContractCheck("define starts nothing and can be repeated") { try await defineStartsNothing() },
            ContractCheck("define replaces a definition") { try await defineReplaces() },
            ContractCheck("define under a running VM leaves what runs") { try await defineLeavesWhatRuns() },
            ContractCheck("titles may hold any text") { try await titlesMayHoldAnyText() },
            ContractCheck("what no machine can be made of is refused") { try await impossibleIsRefused() },
            ContractCheck("undefine can be repeated") { try await undefineCanBeRepeated() },
            ContractCheck("undefine refuses a live VM") { try await undefineRefusesLive() },
        ]
    }

    func defineStartsNothing() async throws {
        let specification = try await fixture.specification(of: VMID(1), epoch: Epoch(7))
        try await port.define(specification)
        try await port.define(specification)
        let found = try await observed(specification.name)
        try requireEqual(found?.state, .shutOff, "state after define")
        try requireEqual(found?.owner, specification.owner, "owner from the metadata")
        try await remove(specification.name)
    }

    func defineReplaces() async throws {
        let name = try await defined(VMID(2), epoch: Epoch(1))
        _ = try await defined(VMID(2), epoch: Epoch(2))
        let all = try await port.observe().filter { $0.name == name }
        try requireEqual(all.count, 1, "domains of that name")
        try requireEqual(all.first?.owner?.epoch, Epoch(2), "epoch after the second define")
        try await remove(name)
    }

    func defineLeavesWhatRuns() async throws {
        let name = try await started(VMID(3), epoch: Epoch(1))
        _ = try await defined(VMID(3), epoch: Epoch(2))
        let running = try await observed(name)
        try requireEqual(running?.state, .running, "state after define under it")
        try requireEqual(running?.owner?.epoch, Epoch(1), "the running VM's epoch")
        try await port.destroy(name)
        try requireEqual(try await observed(name)?.owner?.epoch, Epoch(2), "the definition's epoch")
        try await remove(name)
    }

    func titlesMayHoldAnyText() async throws {
        let titles = [
            "R&D <desk> \"one\", 'two'", "Bücherei, Straße 5 – 漢字 🖥", "]]> &amp; %s \\ $(reboot) `x`", "-",
            "a\tb\nc",
        ]
        for title in titles {
            var specification = try await fixture.specification(of: VMID(4), epoch: Epoch(1))
            specification.title = title
            try await port.define(specification)
            try await port.create(specification.name)
            try requireEqual(try await observed(specification.name)?.owner, specification.owner, "owner")
            try await remove(specification.name)
        }
    }

    func impossibleIsRefused() async throws {
        let possible = try await fixture.specification(of: VMID(7), epoch: Epoch(1))
        var container = possible
        container.kind = .container(ContainerParts(firstUserID: 1_000_000))
        var onDirectory = possible
        onDirectory.disks.system = .directory(path: "/roots/7")
        var nowhere = possible
        nowhere.disks.user = .file(path: "homes/7.raw", format: .raw)
        var empty = possible
        empty.memory = Mebibytes(0)
        var powerless = possible
        powerless.virtualCPUs = 0
        let impossible = [
            (container, "a container"), (onDirectory, "a machine on a directory"), (nowhere, "a relative path"),
            (empty, "a domain without memory"), (powerless, "a domain without CPU"),
        ]
        for (specification, what) in impossible {
            let error = try await requireFailure(
                .rejected, .invalid, what,
                of: { () async throws(PortError) in try await port.define(specification) })
            try require(error.description.contains(possible.name.text), "the error names no domain: \(error)")
        }
        try require(try await observed(possible.name) == nil, "something refused was defined")
    }

    func undefineCanBeRepeated() async throws {
        let name = try await defined(VMID(5))
        try await port.undefine(name)
        try await port.undefine(name)
        try require(try await observed(name) == nil, "observed after undefine")
    }

    func undefineRefusesLive() async throws {
        let name = try await started(VMID(6))
        try await requireFailure(
            .rejected, .busy, "undefine of a live VM",
            of: { () async throws(PortError) in try await port.undefine(name) })
        try requireEqual(try await state(of: name), .running, "state after the refusal")
        try await remove(name)
    }
}

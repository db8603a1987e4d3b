/// The file calls of one process that hang, as the adapters count them: until one returns, no other about the same
/// thing is begun, and when many hang none at all.
struct StuckCalls: Sendable {
    /// What a call is about: a VM's disks or secret, or what else the operation looks at.
    struct Subject: Sendable, Hashable {
        var port: PortName
        var operation: PortOperation?
        var vm: Int64

        init(_ operation: PortOperation, vm: Int64) {
            port = operation.port
            self.operation = vm == 0 ? operation : nil
            self.vm = vm
        }
    }

    enum Refusal: Sendable { case sameSubject, tooMany(Int) }

    /// As the adapters have it (`BlockingCalls`).
    private static let most = 16
    private var hanging: [Subject: Int] = [:]

    func refusal(of subject: Subject) -> Refusal? {
        if hanging[subject] != nil { return .sameSubject }
        let count = hanging.filter { $0.key.port == subject.port }.values.reduce(0, +)
        return count < Self.most ? nil : .tooMany(count)
    }

    mutating func hang(_ subject: Subject) { hanging[subject, default: 0] += 1 }

    /// - Returns: false when it does not hang any more: the storage is back since.
    mutating func comeLoose(_ subject: Subject) -> Bool {
        guard let count = hanging[subject] else { return false }
        hanging[subject] = count == 1 ? nil : count - 1
        return true
    }
}

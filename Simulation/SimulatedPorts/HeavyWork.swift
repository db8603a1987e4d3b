/// Which VMs a life of HKD starts or shuts down at this moment, as its calls show: the work that a node's slots bound.
///
/// A VM counts from its first overlay call until its agent answers, something of it is undone or fails, or the node's
/// limit of a step has passed without a domain; and while its guest is asked to end. From then on its slot may have
/// been given to another. So it may miss a holder of a slot, and never counts one that is none.
struct HeavyWork: Sendable {
    private enum Work {
        /// Nothing of it runs yet; counted up to this moment.
        case building(until: Int64)
        case booting
        case ending
    }

    private let stepLimit: Int64
    private var work: [Int64: Work] = [:]
    /// The most at once, since it was last asked.
    private var most = 0

    /// - Parameter stepLimit: how long the node gives one step of a start, in nanoseconds.
    init(stepLimit: Int64) { self.stepLimit = stepLimit }

    /// The most VMs at once since the last call.
    mutating func takeMost() -> Int {
        defer { most = 0 }
        return most
    }

    /// - Parameter vm: 0 when nobody knows: a guest has no address yet, or a domain is not defined.
    mutating func called(_ operation: PortOperation, vm: Int64, now: Int64) {
        guard vm != 0 else {
            // A start is undone that had not defined its domain yet; whose, the call does not say.
            if operation == .destroyDomain { leaveBuilding() }
            return
        }
        switch operation {
        case .prepareOverlay:
            guard work[vm] == nil else { return }
            work[vm] = .building(until: now + stepLimit)
        case .powerOff, .shutdownDomain: work[vm] = .ending
        case .destroyDomain, .undefineDomain, .removeSecret, .removeFilter, .removeTap, .removeOverlays, .storeRelease:
            work[vm] = nil
        default: return
        }
        for (vm, entry) in work {
            if case .building(let until) = entry, until <= now { work[vm] = nil }
        }
        most = max(most, work.count)
    }

    mutating func returned(_ operation: PortOperation, vm: Int64, isFailure: Bool) {
        guard let entry = work[vm] else { return }
        switch (entry, operation) {
        case (.building, .createDomain) where !isFailure: work[vm] = .booting
        case (.building, _) where isFailure && operation.port != .store && operation.port != .agent:
            work[vm] = nil
        default: break
        }
    }

    private mutating func leaveBuilding() {
        for (vm, entry) in work {
            if case .building = entry { work[vm] = nil }
        }
    }

    /// The agent of the VM has answered.
    mutating func answered(vm: Int64) {
        if case .booting? = work[vm] { work[vm] = nil }
    }
}

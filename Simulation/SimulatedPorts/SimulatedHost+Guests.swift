import FarmControl
import FarmModel
import Simulator

/// What guests do by themselves: boot, ask for an address, start their agent, power off; and what befalls them.
extension SimulatedHost {
    /// The emulator of a domain has just been started.
    func guestStarts(_ name: DomainName) {
        let times = self.times
        guard let life = domainLife(name) else { return }
        plan(name, life, in: times.boot) { host in
            host.changeGuest(name) { $0.phase = .askingForAddress }
            host.guestAsksForAddress(name, life)
        }
    }

    private func guestAsksForAddress(_ name: DomainName, _ life: Int) {
        guard let domain = state.domains[name], let running = domain.running else { return }
        if let offered = offeredAddress(to: running), !domain.guest.neverGetsUp {
            changeGuest(name) {
                $0.address = offered
                $0.phase = .startingAgent
            }
            change(.domains, of: running.owner.vm) { truth in
                if truth.addressHolders[offered] == nil { truth.addressHolders[offered] = name }
            }
            let mac = running.networkPort.mac
            send(GuestFrame(mac, .arp(sender: mac, address: offered)), from: running)
            plan(name, life, in: times.agentStart) { host in
                host.changeGuest(name) { $0.phase = .up }
                host.guestWrites(name)
            }
        } else {
            plan(name, life, in: times.addressRetry...times.addressRetry) { $0.guestAsksForAddress(name, life) }
        }
    }

    /// What every guest writes to its overlay when it is up: how often it was up before.
    private func guestWrites(_ name: DomainName) {
        change(.disks, of: VMID(vmNumber(name))) { truth in
            guard let running = truth.domains[name]?.running else { return }
            let vm = running.owner.vm
            let storage = truth.storageID(ofPath: running.disks.system.path)
            for image in truth[storage].overlays[vm]?.keys.sorted() ?? []
            where truth[storage].overlay(vm, image) == running.disks.system {
                let boots = truth[storage].overlays[vm]![image]!.marks.count
                truth[storage].overlays[vm]![image]!.marks.insert("boot \(boots)")
            }
        }
    }

    /// Whether a DHCP request of this guest reaches the server, and what it answers.
    private func offeredAddress(to running: DomainSpecification) -> IPv4Address? {
        guard send(.dhcpRequest(from: running.networkPort.mac), from: running).reachesNode else { return nil }
        // Its own node's server is the nearest; the broadcast reaches the others' too.
        let servers = [self] + segment.hosts.filter { $0.node != node }
        for server in servers {
            let offered: IPv4Address? = server.read { truth in
                guard truth.isAddressServiceUp else { return nil }
                if simulation.mutation == .offersOneAddressToAll { return truth.reservations.first?.address }
                return truth.reservations.first { $0.mac == running.networkPort.mac }?.address
            }
            if let offered { return offered }
        }
        return nil
    }

    /// The guest begins to power off; it is gone after a while.
    func guestPowersOff(_ name: DomainName) {
        guard simulation.mutation != .ignoresDestroy else { return }
        guard let life = domainLife(name) else { return }
        let already = read { $0.domains[name]?.guest.phase == .poweringOff }
        if already { return }
        changeGuest(name) { $0.phase = .poweringOff }
        endSession(name, as: .stopped)
        plan(name, life, in: times.powerOff) { $0.endDomain(name, .shutdown) }
    }

    /// A guest that will not play by the rules sends every kind of frame it must not, again and again.
    func guestTurnsHostile(_ name: DomainName) {
        guard let life = domainLife(name) else { return }
        changeGuest(name) { $0.isHostile = true }
        sendHostileFrames(name, life)
    }

    private func sendHostileFrames(_ name: DomainName, _ life: Int) {
        guard let running = state.domains[name]?.running else { return }
        let own = running.networkPort.mac
        let neighbour = MACAddress(bits: own.bits ^ 1)
        let mine = ownAddress(of: running)
        let stranger = IPv4Address(bits: mine.bits ^ 1)
        let contents: [(MACAddress, GuestFrame.Content)] = [
            (neighbour, .tcp(from: mine, to: address)),
            (own, .tcp(from: stranger, to: address)),
            (own, .udp(from: mine, sourcePort: 67, to: .limitedBroadcast, destinationPort: 68)),
            (own, .udp(from: stranger, sourcePort: 68, to: .limitedBroadcast, destinationPort: 67)),
            (own, .arp(sender: neighbour, address: mine)),
            (own, .arp(sender: own, address: stranger)),
            (own, .arp(sender: own, address: address)),
            (own, .ipv6),
            (own, .tagged(type: 0x8100, from: stranger, to: address)),
            (own, .tagged(type: 0x88a8, from: stranger, to: address)),
            (neighbour, .lldp),
        ]
        let frames = contents.map { GuestFrame($0.0, $0.1) } + [.dhcpRequest(from: neighbour)]
        for frame in frames { send(frame, from: running) }
        plan(name, life, in: 1_000_000_000...5_000_000_000) { $0.sendHostileFrames(name, life) }
    }

    /// The address that the MAC address stands for, in this node's network.
    private func ownAddress(of running: DomainSpecification) -> IPv4Address {
        IPv4Address(bits: address.bits & 0xff00_0000 | UInt32(running.networkPort.mac.bits & 0xff_ffff))
    }

    // MARK: Frames

    /// Sends a frame out of a guest. Says where it gets to.
    @discardableResult
    func send(_ frame: GuestFrame, from running: DomainSpecification) -> FramePassage {
        let passesAll = simulation.mutation == .passesEveryFrame
        let own = ownAddress(of: running)
        return change([]) { truth in
            truth.network.framesSent += 1
            guard let tap = truth.network.taps[running.networkPort.tap], tap.isUp, tap.isOnBridge,
                tap.holder == running.name, truth.network.bridge?.isUp == true
            else { return .none }
            // A tap without rules is open: nothing on the bridge stops its frames.
            var passage = truth.network.filters[running.networkPort.tap]?.passage(frame) ?? .open
            if passesAll { passage = .open }
            guard passage != .none else { return passage }
            truth.network.framesPassed += 1
            let isExcused = truth.network.flushed.contains(running.networkPort.tap) && !passesAll
            if frame.isForeign(to: running.networkPort.mac, own), !isExcused, truth.network.foreignFrames.count < 10 {
                truth.network.foreignFrames.append(
                    "\(frame.content) from \(frame.source) on \(running.networkPort.tap)")
                simulation.changed(.network)
            }
            return passage
        }
    }

    // MARK: Ends

    /// The domain's emulator is gone.
    func endDomain(_ name: DomainName, _ reason: StopReason) {
        let tap: TapName? = change([.domains, .network], of: VMID(vmNumber(name))) { truth in
            guard var domain = truth.domains[name], domain.isLive else { return nil }
            let tap = domain.running?.networkPort.tap
            if let path = domain.running?.disks.system.path {
                let storage = truth.storageID(ofPath: path)
                if truth[storage].locks[path] == LockHolder(node: node, domain: name) {
                    truth[storage].locks[path] = nil
                }
            }
            if let address = domain.guest.address, truth.addressHolders[address] == name {
                truth.addressHolders[address] = nil
            }
            if reason == .destroyed, let vm = domain.running?.owner.vm { truth.destroyed[vm, default: 0] += 1 }
            truth.heldMemory -= domain.running?.memory.count ?? 0
            domain.state = .shutOff
            domain.running = nil
            domain.guest = SimulatedGuest()
            domain.life += 1
            truth.domains[name] = domain
            if let tap, truth.network.taps[tap]?.holder == name { truth.network.taps[tap]?.holder = nil }
            return tap
        }
        guard tap != nil else { return }
        simulation.note(.domainStopped, subject: vmNumber(name), words: "\(name) stopped: \(reason)")
        sessionEnded(of: name)
        announce(.stopped(name, reason))
    }

    /// The session's X agent suspends or ends; lines into it end.
    func endSession(_ name: DomainName, as end: GuestSessionState) {
        changeGuest(name) {
            $0.enter(end)
            $0.sessionStep += 1
            $0.connections = 0
        }
        sessionEnded(of: name)
    }

    // MARK: Tools of the trade

    private func domainLife(_ name: DomainName) -> Int? {
        read { truth in truth.domains[name].flatMap { $0.isLive ? $0.life : nil } }
    }

    func vmNumber(_ name: DomainName) -> Int64 { read { $0.domains[name]?.specification.owner.vm.rawValue ?? 0 } }

    func changeGuest(_ name: DomainName, _ body: (inout SimulatedGuest) -> Void) {
        change([]) { truth in
            guard truth.domains[name]?.isLive == true else { return }
            body(&truth.domains[name]!.guest)
        }
    }

    /// Does something later, unless that life of the domain has ended or the guest hangs by then.
    func plan(
        _ name: DomainName, _ life: Int, in range: ClosedRange<Int64>, _ act: @escaping (SimulatedHost) -> Void
    ) {
        simulation.executor.schedule(at: simulation.now + simulation.guestTime(range)) { [self] in
            let goesOn = read { truth in
                guard let domain = truth.domains[name] else { return false }
                return domain.isLive && domain.life == life && !domain.guest.isHung
            }
            guard goesOn else { return }
            if read({ $0.domains[name]?.isStanding == true }) {
                return plan(name, life, in: 1_000_000_000...1_000_000_000, act)
            }
            act(self)
            simulation.note(
                .guest, subject: vmNumber(name),
                words: "guest of \(name): \(read { $0.domains[name]?.guest.phase.rawValue ?? "gone" })")
        }
    }
}

import FarmModel
import FarmPorts
import PortContracts

/// Operations drawn from a seed, with few names and numbers, so that they meet.
struct RandomScript {
    private var generator: SplitMix
    private var tick: Int64 = 0
    private var repeatable: (command: AdministrationCommand, actor: Actor, request: RequestID)?

    init(seed: UInt64) { generator = SplitMix(state: seed) }

    mutating func next() -> RandomOperation {
        tick += 1
        let time = WallTime(seconds: tick)
        switch pick(23) {
        case 20: return .find(pick(FarmNoun.allCases), pick(3) == 0 ? "\(pick(5))" : reference(), maybe(tenant()))
        case 21:
            let page = ListPage(after: Int64(pick(3)), limit: 1 + pick(4))
            return .list(pick(FarmNoun.allCases), maybe(tenant()), page)
        case 22:
            let words = pick(3) == 0 ? nil : pick(2) == 0 ? "no space \(tick)" : "hangs"
            return .deletion(disk(), node(), words, time)
        case 0: return .reportState(node(), NodeState.allCases[pick(100) < 70 ? 2 : pick(4)], time)
        case 1: return .desiredState(node(), [vm(), vm(), vm()])
        case 2: return .reservations
        case 3, 4: return .report(observation(time), vm(), node(), epoch())
        case 5: return .release(vm(), node(), epoch(), Int64(pick(6)), pick(2) == 0 ? "failed \(tick)" : nil, time)
        case 6: return .begin(AgentSecret("secret-\(tick % 3)"), vm(), node(), epoch())
        case 7: return .read(vm(), user(), login())
        case 8: return .requestStart(vm(), "actor \(tick)")
        case 9: return .requestStop(vm(), "actor \(tick)")
        case 10: return pick(3) == 0 ? .takeOver(session(time), token()) : .claim(session(time))
        case 11: return .markConnected(token(), vm(), time)
        case 12: return pick(8) == 0 ? .endEarlier(place(), "r\(pick(2))") : .end(token(), vm())
        default: return apply(time)
        }
    }

    /// Now and then under a name, under one that was used, or the same again.
    private mutating func apply(_ time: WallTime) -> RandomOperation {
        if let again = repeatable, pick(12) == 0 { return .apply(again.command, again.actor, again.request, time) }
        let (command, actor) = (command(), actor())
        guard pick(6) == 0 else { return .apply(command, actor, nil, time) }
        let request = RequestID(pick(3) == 0 ? "r-\(pick(3))" : "t-\(tick)")!
        repeatable = (command, actor, request)
        return .apply(command, actor, request, time)
    }

    private mutating func actor() -> Actor {
        switch pick(24) {
        case 0:
            .administrator(
                name: pick(["ä", "a\u{308}"]), tenant: maybe(tenant()),
                rights: Set(Right.allCases.filter { _ in pick(4) > 0 }))
        case 1: .user(user(), name: login())
        case 2: .system(name: "part \(tick)")
        default: .console(name: pick(2) == 0 ? "admin" : "admin \(tick)")
        }
    }

    private mutating func pick(_ count: Int) -> Int { Int(generator.next() % UInt64(count)) }
    private mutating func pick<Element>(_ elements: [Element]) -> Element { elements[pick(elements.count)] }
    private mutating func maybe<Element>(_ element: Element) -> Element? { pick(2) == 0 ? element : nil }
    private mutating func tenant() -> TenantID { TenantID(Int64(pick(100) < 70 ? 1 : pick(5))) }
    private mutating func user() -> UserID { UserID(Int64(1 + pick(6))) }
    private mutating func osf() -> OSFID { OSFID(Int64(1 + pick(4))) }
    private mutating func image() -> ImageID { ImageID(Int64(1 + pick(8))) }
    private mutating func node() -> NodeID { NodeID(Int64(1 + pick(3))) }
    private mutating func vm() -> VMID { VMID(Int64(1 + pick(8))) }
    private mutating func disk() -> UserDiskID { UserDiskID(vm: vm(), storage: pick([.standard, StorageID("fast")!])) }
    private mutating func epoch() -> Epoch { Epoch(Int64(pick(6))) }
    private mutating func name() -> String {
        pick(["a", "b", "ä", "a\u{308}", "C", "", "x y", "<&>", "a@b", "head", "'; DROP TABLE vms; --"])
    }
    /// What somebody may write for an object.
    private mutating func reference() -> String {
        switch pick(6) {
        case 0: "id:\(pick(5))"
        case 1: "\(name()):\(tag())"
        case 2: "\(name())@\(pick(["default", "b", "ä"]))"
        case 3: "file-\(pick(20))"
        default: name()
        }
    }
    private mutating func login() -> LoginName { LoginName("\(pick(["a", "b", "ä", "c"]))@\(pick(["default", "b"]))")! }
    private mutating func tag() -> String { pick(["head", "default", "v1", "v2", "moving", ""]) }
    private mutating func token() -> SessionToken {
        SessionToken(router: "r\(pick(2))", number: Int64(pick(3)))
    }
    private mutating func session(_ time: WallTime) -> Session {
        Session(
            vm: vm(), token: token(), place: maybe(place()), state: .connecting, peer: "peer \(time.seconds)",
            since: time)
    }
    private mutating func place() -> RouterPlace {
        pick(2) == 0 ? .node(node()) : .standAlone(pick(["gate", "ä", "a\u{308}"]))
    }
    private mutating func observation(_ time: WallTime) -> Observation {
        Observation(
            state: pick(VMState.allCases), since: time, detail: name(), lastError: maybe(name()), image: maybe(image()))
    }
    private mutating func owner() -> PropertyOwner {
        switch pick(5) {
        case 0: .osf(osf())
        case 1: .image(image())
        case 2: .user(user())
        case 3: .vm(vm())
        default: .node(node())
        }
    }

    private mutating func command() -> AdministrationCommand {
        switch pick(41) {
        case 0: .addTenant(name: name())
        case 1: .setTenant(tenant(), isBlocked: pick(2) == 0)
        case 2: .deleteTenant(tenant())
        case 3...5: .addUser(tenant: tenant(), login: name(), passwordHash: pick(["$h1", "$h2", ""]))
        case 6: .setUser(user(), passwordHash: maybe("$h3"), isBlocked: maybe(true))
        case 7: .deleteUser(user())
        case 8, 9:
            .addOSF(
                tenant: tenant(), name: name(), memory: Mebibytes(pick([32, 64, 128])), cpus: pick(3),
                userDiskSize: Mebibytes(pick(3)),
                keepsOverlay: pick(2) == 0)
        case 10:
            .setOSF(
                osf(), name: maybe(name()), memory: maybe(Mebibytes(256)), cpus: maybe(pick(4)), userDiskSize: nil,
                keepsOverlay: maybe(true))
        case 11: .deleteOSF(osf())
        case 12...14:
            .addImage(
                osf: osf(), file: "file-\(pick(20))", version: maybe(tag()),
                day: pick(["2026-01-01", "2026-01-02", "x"]))
        case 15: .setImage(image(), isBlocked: pick(2) == 0)
        case 16: .tagImage(image(), tag: tag())
        case 17: .untagImage(image(), tag: tag())
        case 18: .deleteImage(image())
        case 19: .addNode(name: name(), address: address())
        case 20:
            .setNode(
                node(), isBlocked: pick(6) == 0, memory: maybe(Mebibytes(pick([0, 0, 0, 300, -1]))),
                cpus: maybe(pick([0, 0, 0, 6, -1])))
        case 40: pick(3) == 0 ? .drain(node()) : .resume(node())
        case 21: pick(6) == 0 ? .deleteNode(node()) : .abandonDomain(VMID(Int64(pick(12))), node: node())
        case 22...25:
            .addVM(
                name: name(), user: user(), osf: osf(), tag: tag(), address: maybe(address()),
                storage: pick([.standard, StorageID("fast")!]))
        case 26: .setVM(vm(), name: maybe(name()), tag: maybe(tag()), isBlocked: maybe(pick(4) == 0))
        case 27: pick(3) > 0 ? .deleteVM(vm(), deletesUserDisk: pick(2) == 0) : .deleteUserDisk(disk())
        case 28...31: .startVM(vm(), node: maybe(node()))
        case 32: .stopVM(vm())
        case 33, 34: .setProperty(owner(), key: name(), value: name())
        case 35: .deleteProperty(owner(), key: name())
        case 36:
            pick(3) > 0
                ? .setConfiguration(key: name(), value: name())
                : .setConfiguration(key: "placement.policy", value: pick(["spread", "fill", "fill", "none"]))
        case 37: .deleteConfiguration(key: name())
        default: .addNode(name: "n\(pick(4))", address: address())
        }
    }

    private mutating func address() -> IPv4Address {
        IPv4Address(bits: StoreContract.addressPlan.network.bits + UInt32(pick(16)))
    }
}

/// A small generator whose sequence belongs to its seed on every machine (splitmix64).
private struct SplitMix {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}

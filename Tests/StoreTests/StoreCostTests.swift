import FarmModel
import FarmPorts
import FarmRules
import PortContracts
import SQLRecords
import XCTest

@testable import SQLiteStore

/// What happens at each connect, start and change costs the same in a farm of any size: so many statements, so many
/// rows, and no table read from end to end. Counted, not timed.
final class StoreCostTests: XCTestCase {
    private let sizes = [100, 10_000]

    func testHotOperationsCostTheSameInMemory() throws {
        let costs = try sizes.map { size in
            var ledger = FarmLedger(farm: StoreContract.farm, addressPlan: CostFarm.addressPlan)
            try CostFarm.fill(&ledger, vms: size)
            let count = CostCount()
            var records = CountedRecords(ledger, count)
            return try CostFarm.costs(of: &records, count)
        }
        compare(costs)
    }

    func testHotOperationsCostTheSameInSQLite() throws {
        let folder = try TemporaryFolder()
        let costs = try sizes.map { size in
            let connection = try farm(vms: size, at: folder.path("farm-\(size).db"))
            let count = CostCount()
            let statements = CountedStatements(connection, count)
            var records = SQLRecords(statements: statements)
            try connection.run("BEGIN IMMEDIATE")
            let costs = try CostFarm.costs(of: &records, count)
            try connection.run("ROLLBACK")
            try checkNothingIsScanned(statements.texts, connection)
            return costs
        }
        compare(costs)
        for (name, cost) in costs[0] {
            XCTAssertLessThanOrEqual(cost.calls, 10, "\(name): \(cost)")
        }
    }

    /// Whose an object is, is read only for those to whom it matters.
    func testRightsCostNothingForWhoMayDoEverything() throws {
        func cost(of actor: Actor) throws -> StoreCost {
            var ledger = FarmLedger(farm: StoreContract.farm, addressPlan: CostFarm.addressPlan)
            try CostFarm.fill(&ledger, vms: 40)
            let count = CostCount()
            var records = CountedRecords(ledger, count)
            _ = try records.apply(.stopVM(VMID(30)), by: actor, at: WallTime(seconds: 5)).get()
            return count.cost
        }
        let root = try cost(of: .console(name: "root"))
        let tenant = try cost(of: .administrator(name: "eve", tenant: TenantID(1), rights: [.power]))
        XCTAssertLessThan(root.calls, tenant.calls)
        XCTAssertEqual(
            root, try cost(of: .administrator(name: "eve", tenant: nil, rights: Set(Right.allCases))))
    }

    /// A node on which there is no VM reads nothing that VMs are made from, and no VM when nothing has changed.
    func testANodeWithoutVMsReadsNothingOfThem() throws {
        var ledger = FarmLedger(farm: StoreContract.farm, addressPlan: CostFarm.addressPlan)
        try CostFarm.fill(&ledger, vms: 20)
        func calls(_ body: (CountedRecords<FarmLedger>) throws -> Void) rethrows -> Int {
            let count = CostCount()
            try body(CountedRecords(ledger, count))
            return count.cost.calls
        }
        let full = try calls { _ = try $0.desiredState(of: NodeID(1), about: []) }
        let empty = try calls { _ = try $0.desiredState(of: NodeID(2), about: []) }
        let unchanged = try calls {
            _ = try $0.desiredStateChanges(of: NodeID(2), about: [], after: ledger.revision())
        }
        XCTAssertEqual(full - empty, 2, "neither OSFs nor images")
        XCTAssertEqual(empty - unchanged, 2, "neither the node's VMs nor others")
    }

    private func compare(_ costs: [[(name: String, cost: StoreCost)]]) {
        XCTAssertGreaterThan(costs[0].count, 15)
        for (small, large) in zip(costs[0], costs[1]) {
            XCTAssertEqual(small.name, large.name)
            XCTAssertEqual(small.cost, large.cost, "\(small.name) with \(sizes[0]) and with \(sizes[1]) VMs")
            print("\(small.name): \(small.cost)")
        }
    }

    private func farm(vms: Int, at path: String) throws -> SQLiteConnection {
        try DatabaseFile.create(
            at: path, identity: FarmIdentity(farm: StoreContract.farm, addressPlan: CostFarm.addressPlan),
            access: DatabaseAccess(), migrator: Migrator())
        let connection = try SQLiteConnection(path: path, busyTimeout: 100)
        try connection.run("BEGIN IMMEDIATE")
        var records = SQLRecords(statements: connection)
        try CostFarm.fill(&records, vms: vms)
        try connection.run("COMMIT")
        return connection
    }

    /// Tables that do not grow with the VMs, and one count that the database makes in an index.
    private static let mayBeScanned = [
        "nodes", "farm", "json_each VIRTUAL TABLE INDEX 1:",
        "vm_intents USING COVERING INDEX vm_intents_by_node",
    ]

    private func checkNothingIsScanned(_ texts: Set<String>, _ connection: SQLiteConnection) throws {
        XCTAssertGreaterThan(texts.count, 15)
        for text in texts.sorted() {
            try connection.query("EXPLAIN QUERY PLAN \(text)", []) { (row: any SQLRow) throws(PortError) in
                let step = row.text(3)
                guard step.hasPrefix("SCAN ") else { return }
                let isAllowed = Self.mayBeScanned.contains { step == "SCAN \($0)" }
                XCTAssert(isAllowed, "\(step), to carry out: \(text)")
            }
        }
    }
}

/// A farm of any size in which one node, one user and one router have always the same.
private enum CostFarm {
    static let addressPlan = try! AddressPlan(
        network: IPv4Address("10.8.0.0")!, prefixLength: 16, rangeStart: IPv4Address("10.8.1.0")!, gateway: nil)
    private static let time = WallTime(seconds: 5)
    private static let own = VMID(1)
    private static let idle = VMID(25)

    /// Twenty VMs on node 1, twenty on none, the rest on nodes 2 and 3. User 1 has three VMs, each other one.
    static func fill<Records: FarmRecords>(_ records: inout Records, vms: Int) throws(LedgerError) {
        for number in 1...3 {
            let id = NodeID(Int64(number))
            var node = Node(
                id: id, name: "node\(number)", address: IPv4Address(bits: addressPlan.network.bits + UInt32(number)))
            node.state = .running
            try records.put(node)
        }
        for number in 1...4 {
            let id = OSFID(Int64(number))
            try records.put(
                OSFlavour(
                    id: id, tenant: TenantID(1), name: "osf\(number)", memory: Mebibytes(64),
                    userDiskSize: Mebibytes(0),
                    keepsOverlay: false))
            for version in 1...3 {
                try records.put(
                    DiskImage(
                        id: ImageID(Int64(number * 10 + version)), osf: id, file: "file-\(number)-\(version)",
                        version: "v\(version)", tags: ["v\(version)"] + (version == 3 ? ["default", "head"] : [])))
            }
        }
        for number in 1...vms { try putVM(&records, number) }
    }

    private static func putVM<Records: FarmRecords>(_ records: inout Records, _ number: Int) throws(LedgerError) {
        let id = VMID(Int64(number))
        let user = UserID(number <= 3 ? 1 : Int64(number))
        if number == 1 || number > 3 {
            try records.put(User(id: user, tenant: TenantID(1), login: "user\(user)"))
            try records.put(passwordHash: "$h", of: user)
        }
        try records.put(
            VirtualMachine(
                id: id, name: "desk\(number)", user: user, osf: OSFID(Int64(number % 4 + 1)), tag: "default",
                address: IPv4Address(bits: addressPlan.rangeStart.bits + UInt32(number))))
        try records.put("1", forProperty: "key", of: .vm(id))
        guard !(21...40).contains(number) else { return }
        let node = NodeID(number <= 20 ? 1 : Int64(2 + number % 2))
        let intent = Intent(
            wanted: .run, node: node, epoch: Epoch(1), hasBegun: true, request: 1, requestedBy: "test")
        try records.put(intent, of: id)
        try records.put(Observation(state: .running, since: time), of: id)
        try records.put(secret: AgentSecret("s\(number)"), of: id)
        let router = number <= 20 ? "own" : "other"
        try records.put(session(id, router, isWanted: number % 10 == 0))
    }

    private static func session(_ vm: VMID, _ router: String, isWanted: Bool = false) -> Session {
        Session(
            vm: vm, token: SessionToken(router: router, number: vm.rawValue), place: .standAlone(router),
            state: .connecting, peer: "", since: time, isTakeOverRequested: isWanted)
    }

    private typealias Operation<Records> = (name: String, body: (inout Records) throws(LedgerError) -> Void)

    static func costs<Records: FarmRecords>(
        of records: inout Records, _ count: CostCount
    ) throws(LedgerError) -> [(name: String, cost: StoreCost)] {
        var costs: [(name: String, cost: StoreCost)] = []
        let operations: [Operation<Records>] = reading() + listing() + starting() + connecting()
        for operation in operations {
            count.cost = StoreCost()
            try operation.body(&records)
            costs.append((operation.name, count.cost))
        }
        return costs
    }

    private static func reading<Records: FarmRecords>() -> [Operation<Records>] {
        [
            ("account", { records throws(LedgerError) in _ = try records.account(LoginName("user1@default")!) }),
            ("node", { records throws(LedgerError) in _ = try records.nodeIdentity(named: "node1") }),
            ("desktop", { records throws(LedgerError) in _ = try records.desktop(own) }),
            ("desktops", { records throws(LedgerError) in _ = try records.vms(of: UserID(1)) }),
            (
                "desired state",
                { records throws(LedgerError) in
                    _ = try records.desiredState(of: NodeID(1), about: (1...60).map { VMID($0) })
                }
            ),
            (
                "wanted or connecting",
                { records throws(LedgerError) in _ = try records.sessionsWantedOrConnecting(router: "own") }
            ),
        ]
    }

    private static func listing<Records: FarmRecords>() -> [Operation<Records>] {
        let page = ListPage(after: 3, limit: 10)
        func find(_ noun: FarmNoun, _ text: String) -> Operation<Records> {
            ("find \(noun) \(text)", { records throws(LedgerError) in _ = try records.find(noun, text, in: nil) })
        }
        return [
            find(.vm, "desk7"), find(.vm, "id:7"), find(.vm, "7"), find(.user, "user7"), find(.user, "user7@default"),
            find(.osf, "osf2"), find(.image, "file-2-1"), find(.image, "osf2:head"), find(.node, "node2"),
            (
                "find a VM of a tenant",
                { records throws(LedgerError) in _ = try records.find(.vm, "desk7", in: TenantID(1)) }
            ),
            ("list VMs", { records throws(LedgerError) in _ = try records.vmListings(VMFilter(), page) }),
            (
                "list VMs of a user",
                { records throws(LedgerError) in _ = try records.vmListings(VMFilter(user: UserID(1)), ListPage()) }
            ),
            (
                "list VMs of a node",
                { records throws(LedgerError) in _ = try records.vmListings(VMFilter(node: NodeID(1)), ListPage()) }
            ),
            (
                "list VMs of a tenant",
                { records throws(LedgerError) in _ = try records.vmListings(VMFilter(tenant: TenantID(1)), page) }
            ),
            ("list users", { records throws(LedgerError) in _ = try records.userListings(UserFilter(), page) }),
            (
                "list images",
                { records throws(LedgerError) in _ = try records.imageListings(ImageFilter(), ListPage()) }
            ),
            ("explain", { records throws(LedgerError) in _ = try records.surroundings(of: own) }),
            (
                "properties",
                { records throws(LedgerError) in _ = try records.propertyListings(of: .vm(own)) }
            ),
            (
                "request",
                { records throws(LedgerError) in
                    let (command, actor) = (AdministrationCommand.stopVM(VMID(30)), Actor.console(name: "test"))
                    for _ in 1...2 {
                        _ = try records.apply(command, by: actor, request: RequestID("r"), at: time)
                    }
                }
            ),
        ]
    }

    private static func starting<Records: FarmRecords>() -> [Operation<Records>] {
        [
            ("start", { records throws(LedgerError) in _ = try records.requestStart(idle, by: "test") }),
            (
                "begin",
                { records throws(LedgerError) in
                    _ = try records.begin(idle, by: NodeID(1), epoch: Epoch(1), secret: AgentSecret("s"))
                }
            ),
            (
                "record",
                { records throws(LedgerError) in
                    try records.report(
                        Observation(state: .running, since: time), of: idle, by: NodeID(1), epoch: Epoch(2))
                }
            ),
            ("stop", { records throws(LedgerError) in try records.requestStop(idle, by: "test") }),
            (
                "release",
                { records throws(LedgerError) in
                    try records.release(
                        idle, by: NodeID(1), epoch: Epoch(2), request: 1, error: nil, at: time)
                }
            ),
            (
                "desired state by its changes",
                { records throws(LedgerError) in
                    let before = Revision(try records.revision().number - 4)
                    _ = try records.desiredStateChanges(of: NodeID(1), about: (1...60).map { VMID($0) }, after: before)
                }
            ),
            (
                "changes",
                { records throws(LedgerError) in
                    _ = try records.changes(after: Revision(try records.revision().number - 4))
                }
            ),
            (
                "node state",
                { records throws(LedgerError) in try records.reportState(of: NodeID(1), .starting, at: time) }
            ),
        ]
    }

    private static func connecting<Records: FarmRecords>() -> [Operation<Records>] {
        let session = session(idle, "own")
        return [
            ("claim", { records throws(LedgerError) in _ = try records.claim(session) }),
            (
                "connected",
                { records throws(LedgerError) in try records.markConnected(session.token, vm: idle, at: time) }
            ),
            ("claim of another", { records throws(LedgerError) in _ = try records.claim(Self.session(idle, "other")) }),
            (
                "take-over",
                { records throws(LedgerError) in
                    _ = try records.takeOver(Self.session(idle, "other"), from: session.token)
                }
            ),
            (
                "end",
                { records throws(LedgerError) in
                    try records.end(SessionToken(router: "other", number: idle.rawValue), vm: idle)
                }
            ),
        ]
    }
}

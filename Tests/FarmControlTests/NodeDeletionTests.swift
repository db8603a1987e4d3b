import FarmModel
import XCTest

@testable import FarmControl

/// User disks that are to be deleted: which, when, and how often.
final class NodeDeletionTests: XCTestCase {
    private func disk(_ vm: Int64, _ storage: String = "default") -> UserDiskID {
        UserDiskID(vm: VMID(vm), storage: StorageID(storage)!)
    }

    private func deleted(_ bench: NodeBench) -> [UserDiskID] {
        bench.actions.compactMap { if case .deleteUserDisk(let disk) = $0 { disk } else { nil } }
    }

    private func postponed(_ bench: NodeBench) -> [UserDiskID] {
        bench.actions.compactMap { if case .postponeDeletion(let disk) = $0 { disk } else { nil } }
    }

    func testEachDiskIsDeletedOnceOfTheStoragesThatTheNodeHas() {
        var bench = NodeBench.ready()
        bench.readAgain(deletions: [disk(1), disk(2, "fast"), disk(3)])
        XCTAssertEqual(deleted(bench), [disk(1), disk(3)])
        bench.readAgain(deletions: [disk(1), disk(2, "fast"), disk(3)])
        XCTAssertEqual(deleted(bench), [disk(1), disk(3)], "they are out")
        bench.send(.deletionEnded(disk(1), isOver: true))
        bench.pass(.seconds(600))
        XCTAssertEqual(deleted(bench), [disk(1), disk(3)])
    }

    func testNothingIsDeletedBeforeTheNodeWasLookedAt() {
        var bench = NodeBench()
        bench.readAgain(deletions: [disk(1)])
        XCTAssertEqual(deleted(bench), [], "a domain of the VM may be here")
        bench.look { $0.domains = [NodeBench.domain(1)] }
        XCTAssertEqual(deleted(bench), [])
        XCTAssertEqual(postponed(bench), [disk(1)])
    }

    func testADiskThatADomainHereMayUseWaitsForItsEnd() {
        var bench = NodeBench.ready()
        bench.lookAgain(readings: false) { $0.domains = [NodeBench.domain(1)] }
        bench.forgetActions()
        bench.readAgain(deletions: [disk(1), disk(2)])
        XCTAssertEqual(deleted(bench), [disk(2)])
        XCTAssertEqual(postponed(bench), [disk(1)])
        bench.send(.deletionEnded(disk(1), isOver: false))
        bench.lookAgain(readings: false)
        XCTAssertEqual(postponed(bench), [disk(1), disk(1)], "the domain was there when it was tried again")
        bench.send(.deletionEnded(disk(1), isOver: false))
        bench.pass(.seconds(61))
        XCTAssertEqual(deleted(bench), [disk(2), disk(1)])
    }

    func testAFailureIsTriedAgainEverSlower() {
        var bench = NodeBench.ready()
        bench.readAgain(deletions: [disk(1)])
        var pauses: [Duration] = []
        for _ in 0..<9 {
            let failed = bench.now
            let before = deleted(bench).count
            bench.send(.deletionEnded(disk(1), isOver: false))
            while deleted(bench).count == before { bench.passToDeadline() }
            pauses.append(failed.duration(to: bench.now))
        }
        XCTAssertEqual(
            pauses.map { Int(($0 + .milliseconds(500)).components.seconds) }, [1, 2, 4, 8, 16, 32, 60, 60, 60])
    }

    func testOnlyAFewAreOutAtOnceAndNoneIsForgotten() {
        var bench = NodeBench.ready()
        let disks = (1...10).map { disk($0) }
        bench.readAgain(deletions: disks)
        XCTAssertEqual(deleted(bench), Array(disks.prefix(4)))
        for disk in disks { bench.send(.deletionEnded(disk, isOver: true)) }
        XCTAssertEqual(deleted(bench), disks)
    }

    func testAFailureOfAWishThatWasTakenBackMeanwhileWakesNobody() {
        var bench = NodeBench.ready()
        bench.readAgain(deletions: [disk(1)])
        bench.readAgain(deletions: [])
        bench.send(.deletionEnded(disk(1), isOver: false))
        bench.pass(.seconds(2))
        XCTAssertGreaterThan(bench.machine.deadline ?? bench.now.advanced(by: .seconds(1)), bench.now)
        XCTAssertEqual(deleted(bench), [disk(1)])
    }

    func testAPauseThatEndsWhileAllAreOutWakesNobody() {
        var bench = NodeBench.ready()
        bench.readAgain(deletions: (1...5).map { disk($0) })
        bench.send(.deletionEnded(disk(1), isOver: false))
        XCTAssertEqual(deleted(bench), (1...5).map { disk($0) })
        bench.pass(.seconds(2))
        XCTAssertGreaterThan(bench.machine.deadline ?? bench.now.advanced(by: .seconds(1)), bench.now)
        bench.send(.deletionEnded(disk(2), isOver: true))
        XCTAssertEqual(deleted(bench).last, disk(1))
    }

    func testAWishThatWasTakenBackIsNotTriedAgain() {
        var bench = NodeBench.ready()
        bench.readAgain(deletions: [disk(1)])
        bench.send(.deletionEnded(disk(1), isOver: false))
        bench.readAgain(deletions: [])
        bench.pass(.seconds(120))
        XCTAssertEqual(deleted(bench), [disk(1)])
    }
}

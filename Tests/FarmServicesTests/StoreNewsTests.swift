import FarmModel
import XCTest

@testable import FarmServices

/// Who is woken by which change.
final class StoreNewsTests: XCTestCase {
    private let vm = VMID(1)
    private var news = StoreNews(router: "own")

    private func hear(_ changes: Set<FarmChange>?) -> (vm: Bool, sessions: Bool) {
        let seen = news.count
        news.hear(FarmChanges(revision: Revision(1), changes: changes))
        return (news.has(newsFor: .vm(vm), after: seen), news.has(newsFor: .sessions, after: seen))
    }

    func testAChangeWakesThoseWhomItConcerns() {
        XCTAssert(hear([]) == (false, false))
        XCTAssert(hear([FarmChange(.node(NodeID(1)), vm: vm)]) == (true, false))
        XCTAssert(hear([FarmChange(.node(NodeID(1)), vm: VMID(2))]) == (false, false))
        XCTAssert(hear([FarmChange(.router("other"), vm: vm)]) == (true, false))
        XCTAssert(hear([FarmChange(.router("own"), vm: VMID(2))]) == (false, true))
        // A node that serves again, or another image, matters to everybody who waits for a desktop.
        XCTAssert(hear([FarmChange(.node(NodeID(1)))]) == (true, false))
        XCTAssert(hear([FarmChange(.farm)]) == (true, false))
        XCTAssert(hear(nil) == (true, true))
    }

    func testWhatWasHeardBeforeALookIsNoNews() {
        news.hear(nil)
        XCTAssertFalse(news.has(newsFor: .vm(vm), after: news.count))
        XCTAssertFalse(news.has(newsFor: .sessions, after: news.count))
    }

    func testTooManyVMsCountAsAll() {
        let seen = news.count
        let many = (1...Int64(StoreNews.vmsMax) + 1).map { FarmChange(.farm, vm: VMID($0 + 10)) }
        news.hear(FarmChanges(revision: Revision(1), changes: Set(many)))
        XCTAssertTrue(news.has(newsFor: .vm(vm), after: seen))
        XCTAssertTrue(news.has(newsFor: .sessions, after: seen))
    }
}

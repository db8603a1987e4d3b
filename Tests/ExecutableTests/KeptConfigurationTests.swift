import Foundation
import Goldens
import NodeConfiguration
import XCTest

/// The keys of `node.conf` that operators have set (fixtures/compatibility).
final class KeptConfigurationTests: XCTestCase {
    func testEveryKeyHasItsDefault() throws {
        let found = NodeKeys.all.map { key in
            key.defaultText.map { "\(key.name) = \($0)" } ?? "\(key.name) has no default"
        }
        XCTAssertEqual(try KeptLines("compatibility/configuration.txt").missing(from: found), [])
    }

    /// A file that sets every key to another value than its default.
    func testAFileWithEveryKeyIsRead() throws {
        let file = KeptLines("compatibility/node.conf")
        let keys = try file.lines().map { String($0.prefix { $0 != " " }) }
        let known = try KeptLines("compatibility/configuration.txt").lines().map { String($0.prefix { $0 != " " }) }
        XCTAssertEqual(Set(known).subtracting(keys), [], "node.conf of the fixtures does not set these")
        let configuration = try NodeConfiguration.read(from: file.path)
        XCTAssertEqual(configuration.nodeName, "node-Ä")
        XCTAssertEqual(configuration.paths.database, "/srv/db/farm.db")
        XCTAssertEqual(configuration.paths.homes, "/srv/a b/homes")
        XCTAssertEqual(configuration.router.port, 443)
        XCTAssertEqual(configuration.network.bridge, "br7")
        XCTAssertTrue(configuration.hypervisor.acceptsOriginalAgents)
    }
}

import FarmModel
import NodeConfiguration
import XCTest

final class NodeConfigurationTests: XCTestCase {
    private func parse(_ text: String) throws -> NodeConfiguration {
        try NodeConfiguration(parsing: text, file: "node.conf")
    }

    private func message(_ text: String) -> String {
        do {
            _ = try parse(text)
            return "no error"
        } catch {
            return "\(error)"
        }
    }

    func testAnEmptyFileGivesTheDefaults() throws {
        let configuration = try parse("")
        XCTAssertEqual(configuration.paths.images, "/var/lib/qvd/storage/images")
        XCTAssertEqual(configuration.paths.lock, "/run/qvd/hkd.lock")
        XCTAssertEqual(configuration.router.address, IPv4Address("0.0.0.0"))
        XCTAssertEqual(configuration.router.port, 8443)
        XCTAssertEqual(configuration.network.bridge, "qvdnet0")
        XCTAssertEqual(configuration.houseKeeper.heavyMax, 10)
        XCTAssertEqual(configuration.houseKeeper.boot, .seconds(180))
        XCTAssertEqual(configuration.hypervisor.acceleration, .auto)
        XCTAssertFalse(configuration.hypervisor.acceptsOriginalAgents, "an agent that answers anybody is no default")
        XCTAssertNil(configuration.network.rangeStart)
        XCTAssertFalse(configuration.nodeName.isEmpty)
    }

    func testTheSwitchForGuestsOfTheOriginalIsRead() throws {
        XCTAssertTrue(try parse("vma.accept_original = 1").hypervisor.acceptsOriginalAgents)
        XCTAssertFalse(try parse("vma.accept_original = 0").hypervisor.acceptsOriginalAgents)
    }

    func testReferencesFollowTheKeysTheyName() throws {
        let configuration = try parse("  path.storage.root =  /srv/a b  \n# comment\npath.run=/tmp/r\n")
        XCTAssertEqual(configuration.paths.homes, "/srv/a b/homes")
        XCTAssertEqual(configuration.paths.lock, "/tmp/r/hkd.lock")
    }

    func testTheSampleSaysTheDefaultsAndNothingElse() throws {
        let uncommented = NodeConfiguration.sample.split(separator: "\n")
            .filter { $0.hasPrefix("#") && !$0.hasPrefix("# ") }
            .map { $0.dropFirst() }.joined(separator: "\n")
        XCTAssertEqual(try parse(uncommented), try parse(""))
    }

    func testFurtherStoragesShareTheImagesAndHaveFoldersOfTheirOwn() throws {
        let paths = try parse("path.storage.root = /s\npath.storage.more = fast=/srv/a b, big-1 =/srv/c").paths
        XCTAssertEqual(paths.storages.map(\.id.text), ["default", "fast", "big-1"])
        XCTAssertEqual(Set(paths.storages.map(\.images)), ["/s/images"])
        XCTAssertEqual(paths.storages.map(\.homes), ["/s/homes", "/srv/a b/homes", "/srv/c/homes"])
        XCTAssertEqual(paths.storages.map(\.overlays), ["/s/overlays", "/srv/a b/overlays", "/srv/c/overlays"])
        XCTAssertEqual(try parse("").paths.storages.map(\.id), [.standard])
        for wrong in ["fast", "=/a", "default=/a", "a=/b, a=/c", "Fast=/a", "a=/b,", "9=/a"] {
            XCTAssertThrowsError(try parse("path.storage.more = \(wrong)"), wrong)
        }
    }

    func testMasksAreDottedOrAPrefixLength() throws {
        XCTAssertEqual(try parse("vm.network.netmask = 255.255.0.0").network.prefixLength, 16)
        XCTAssertEqual(try parse("vm.network.netmask = 24").network.prefixLength, 24)
        XCTAssertEqual(NodeConfiguration.prefixLength(of: "255.255.255.255"), 32)
        XCTAssertEqual(NodeConfiguration.prefixLength(of: "0.0.0.0"), 0)
        XCTAssertNil(NodeConfiguration.prefixLength(of: "255.0.255.0"))
        XCTAssertNil(NodeConfiguration.prefixLength(of: "33"))
    }

    func testEveryMistakeIsNamedWithItsLineAndWhatToDo() {
        let mistakes = [
            "\nl7r.prot = 1": "node.conf:2: unknown key `l7r.prot`; the nearest known key is `l7r.port`",
            "nodename": "node.conf:1: expected `key = value`, found `nodename`",
            "l7r.port=1\nl7r.port=2": "node.conf:2: `l7r.port` was already set in line 1; keep one of the two",
            "l7r.port = 0": "node.conf:1: `l7r.port` is `0`; it must be a whole number from 1 to 65535",
            "path.run = run": "node.conf:1: `path.run` is `run`; it must be an absolute path",
            "vm.hypervisor = lxc": "node.conf:1: `vm.hypervisor` is `lxc`; it must be kvm, the only one there is",
            "path.run = ${path.runn}": "node.conf:1: ${path.runn} is no known key; the nearest is `path.run`",
            "path.run = ${path.run}": "node.conf:1: `path.run` refers to itself through ${...}",
            "path.run = ${path.run": "node.conf:1: `${` without a closing `}`",
            "path.storage.more = fast=srv":
                "node.conf:1: `path.storage.more` is `fast=srv`; it must be names with absolute folders, as in"
                + " fast=/srv/fast, big=/srv/big: each name once, other than `default`, of a to z, 0 to 9 and -",
            "path.run =": "node.conf:1: `path.run` needs a value: an absolute path",
            "hypervisor.acceleration = yes":
                "node.conf:1: `hypervisor.acceleration` is `yes`; it must be one of auto, kvm, tcg",
        ]
        for (text, expected) in mistakes { XCTAssertEqual(message(text), expected, text) }
    }

    func testAMissingFileSaysSo() {
        XCTAssertThrowsError(try NodeConfiguration.read(from: "/nonexistent/node.conf")) { error in
            XCTAssertTrue("\(error)".hasPrefix("/nonexistent/node.conf: cannot be read: No such file"), "\(error)")
        }
    }
}

import FarmModel
import FarmPorts
import Foundation
import ImageDisks
import NodeRig
import PortContracts
import XCTest

/// Images as `qemu-img` makes them in all its ways: which are taken, and that the others show a guest nothing of the
/// node.
final class ForeignImageTests: XCTestCase {
    private func refusal(
        of image: String, _ fixture: ImageDisksFixture, _ reason: PortError.Reason = .invalid
    ) async throws -> String {
        try await requireFailure(
            .rejected, reason, "inspect of \(image)",
            of: { () async throws(PortError) in try await fixture.port.inspect(imageFile: image) }
        ).detail
    }

    func testImagesThatStandAloneAreReadAsQemuImgReadsThem() async throws {
        try await ImageDisksFixture.run { fixture in
            let raw = "\(fixture.folders.images)/second.raw"
            let ways = [
                "compat=0.10", "compat=1.1", "cluster_size=512", "cluster_size=2M", "compression_type=zstd",
                "extended_l2=on", "lazy_refcounts=on", "preallocation=metadata", "preallocation=falloc",
                "refcount_bits=1",
            ]
            for (number, way) in ways.enumerated() {
                for compress in way.hasPrefix("preallocation") ? [false] : [false, true] {
                    let name = "way-\(number)-\(compress).qcow2"
                    let path = "\(fixture.folders.images)/\(name)"
                    try await RigCommand.run(
                        ["qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o", way] + (compress ? ["-c"] : [])
                            + [raw, path])
                    let facts = try await fixture.port.inspect(imageFile: name)
                    XCTAssertEqual(facts.format, .qcow2, way)
                    XCTAssertEqual(facts.virtualSize, 2 << 20, way)
                    // Half of it is a copy that broke off.
                    let size = try FileManager.default.attributesOfItem(atPath: path)[.size] as? Int ?? 0
                    try await RigCommand.run("truncate", "-s", "\(size / 2)", path)
                    let detail = try await refusal(of: name, fixture, .corrupt)
                    XCTAssert(detail.contains("copy it again, whole"), "\(way): \(detail)")
                    try FileManager.default.removeItem(atPath: path)
                }
            }
        }
    }

    func testAnImageOfAnotherNameIsWhatItsContentSays() async throws {
        try await ImageDisksFixture.run { fixture in
            let folder = fixture.folders.images
            try FileManager.default.copyItem(
                atPath: "\(folder)/\(fixture.goodImages[0])", toPath: "\(folder)/cloud.img")
            let facts = try await fixture.port.inspect(imageFile: "cloud.img")
            XCTAssertEqual(facts.format, .qcow2)
            let overlay = try await fixture.port.prepareOverlay(
                OverlaySpecification(vm: VMID(1), image: ImageID(1), imageFile: "cloud.img", keepsExisting: true))
            let size = try await RigCommand.run("qemu-img", "info", overlay.path)
            XCTAssert(size.contains("virtual size: 2 MiB"), size)
            for (format, option) in [("vmdk", "vmdk"), ("vdi", "vdi"), ("vpc", "vpc"), ("vhdx", "vhdx")] {
                try await RigCommand.run("qemu-img", "create", "-q", "-f", format, "\(folder)/a.img", "4M")
                let detail = try await refusal(of: "a.img", fixture)
                XCTAssert(
                    detail.contains("qemu-img convert -f \(option) -O qcow2 ") && detail.contains("a.qcow2"), detail)
                try FileManager.default.removeItem(atPath: "\(folder)/a.img")
            }
        }
    }

    func testAnImageThatBringsAFileOfTheNodeIsRefused() async throws {
        try await ImageDisksFixture.run { fixture in
            let folder = fixture.folders.images
            let secret = "\(fixture.storage.path)/secret.bin"
            try Data(repeating: 0x53, count: 1 << 20).write(to: URL(fileURLWithPath: secret))
            let makings: [(name: String, options: [String])] = [
                ("data.qcow2", ["-o", "data_file=\(secret),data_file_raw=on"]),
                ("backed.qcow2", ["-o", "backing_file=\(secret),backing_fmt=raw"]),
                ("backed.img", ["-o", "backing_file=\(secret),backing_fmt=raw"]),
            ]
            for (name, options) in makings {
                try await RigCommand.run(
                    ["qemu-img", "create", "-q", "-f", "qcow2"] + options + ["\(folder)/\(name)", "1M"])
                let detail = try await refusal(of: name, fixture)
                XCTAssert(detail.contains("qemu-img convert"), detail)
                try await requireFailure(
                    .rejected, .invalid, "an overlay on \(name)",
                    of: { () async throws(PortError) in
                        try await fixture.port.prepareOverlay(
                            OverlaySpecification(
                                vm: VMID(1), image: ImageID(1), imageFile: name, keepsExisting: false))
                    })
            }
            // Making a key takes its time; the header's word for LUKS is enough.
            let locked = try FileHandle(forUpdating: URL(fileURLWithPath: "\(folder)/\(fixture.goodImages[0])"))
            try locked.seek(toOffset: 35)
            try locked.write(contentsOf: [2])
            try locked.close()
            let detail = try await refusal(of: fixture.goodImages[0], fixture)
            XCTAssert(detail.contains("encrypted (LUKS)") && detail.contains("encrypt.key-secret"), detail)
        }
    }

    /// An emulator that a guest took over writes what it likes into its own overlay.
    func testAKeptOverlayThatWasRewrittenStartsNothing() async throws {
        try await ImageDisksFixture.run { fixture in
            let secret = "\(fixture.storage.path)/secret.bin"
            try Data(repeating: 0x53, count: 1 << 20).write(to: URL(fileURLWithPath: secret))
            let specification = OverlaySpecification(
                vm: VMID(1), image: ImageID(1), imageFile: fixture.goodImages[0], keepsExisting: true)
            let rewritings: [(String) -> [String]] = [
                { ["qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "raw", "-b", secret, $0] },
                {
                    ["qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=\(secret),data_file_raw=on", $0, "1M"]
                },
                { ["qemu-img", "rebase", "-u", "-f", "qcow2", "-b", "", $0] },
                { ["ln", "-sf", secret, $0] },
            ]
            for rewriting in rewritings {
                let path = try await fixture.port.prepareOverlay(specification).path
                let kept = try await fixture.port.prepareOverlay(specification).path
                XCTAssertEqual(kept, path)
                try await RigCommand.run(rewriting(path))
                do throws(PortError) {
                    _ = try await fixture.port.prepareOverlay(specification)
                    XCTFail("taken after \(rewriting(path))")
                } catch {
                    XCTAssertEqual(error.effect, .rejected)
                    XCTAssert(error.detail.contains(path), error.detail)
                }
                try FileManager.default.removeItem(atPath: path)
            }
            // A moved image folder is told with the command that mends it, and the command does.
            let path = try await fixture.port.prepareOverlay(specification).path
            try await RigCommand.run(
                "qemu-img", "rebase", "-u", "-f", "qcow2", "-F", "qcow2", "-b", "/old/desk.qcow2", path)
            let error = try await requireFailure(
                .rejected, .corrupt, "an overlay over a moved image",
                of: { () async throws(PortError) in try await fixture.port.prepareOverlay(specification) })
            let command = try XCTUnwrap(error.detail.range(of: "qemu-img rebase"))
            try await RigCommand.run("sh", "-c", String(error.detail[command.lowerBound...]))
            _ = try await fixture.port.prepareOverlay(specification)
        }
    }
}

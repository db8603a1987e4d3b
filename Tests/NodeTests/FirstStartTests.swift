import Foundation
import NodeRig
import XCTest

/// No process of a node may end at a start, not even to be started again.
final class FirstStartTests: XCTestCase {
    /// Widens the moment in which the house keeper makes the files that the router shares, and puts the router's
    /// opening into it: what is between two system calls on a quick machine is half a second here.
    private static let slowMachine = """
        #define _GNU_SOURCE
        #include <dlfcn.h>
        #include <sys/stat.h>
        #include <unistd.h>

        int fchmod(int file, mode_t mode) {
            if (geteuid() == 0) usleep(500000);
            return ((int (*)(int, mode_t))dlsym(RTLD_NEXT, "fchmod"))(file, mode);
        }

        __attribute__((constructor)) static void wait_for_the_house_keeper(void) {
            if (geteuid() != 0) usleep(300000);
        }
        """

    func testNoProcessEndsAtAStart() async throws {
        let farm = try await FarmRig.make()
        do {
            let source = "\(farm.folder)/slow.c"
            let library = "\(farm.folder)/slow.so"
            try Self.slowMachine.write(toFile: source, atomically: true, encoding: .utf8)
            try await RigCommand.run("clang", "-shared", "-fPIC", "-o", library, source)
            // The first start of a new farm, and one after a command found nobody else and removed the log files.
            for start in 1...2 {
                let node = try DaemonRig.start(
                    farm.programs.appending(path: "qvd-node").path, ["run", "--config", farm.configuration],
                    environment: ["LD_PRELOAD=\(library)"], log: "\(farm.folder)/node.log")
                // No command of ours may open the database meanwhile: it would make the files.
                try await waitFor("house keeper and router to serve, start \(start)", upTo: .seconds(60)) {
                    let lines = node.logText().split(separator: "\n")
                    return lines.count { $0.hasSuffix(" serving") } == start
                        && lines.count { $0.contains("clients are served") } == start
                }
                XCTAssertFalse(node.logText().contains("it is started again"), "start \(start): \(node.logText())")
                try await node.stop()
                try await farm.qvd("node", "list")
                let files = try FileManager.default.contentsOfDirectory(atPath: "\(farm.folder)/db")
                XCTAssertEqual(files, ["farm.sqlite"])
            }
        } catch {
            XCTFail("\(error)\n\(await farm.story())")
        }
        try await farm.remove()
    }
}

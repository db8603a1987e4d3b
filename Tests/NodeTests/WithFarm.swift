import Foundation
import NodeRig
import XCTest

/// Gives `body` a farm with its node running, and ends all of it afterwards, however the test went: what is left would
/// hold ports and names of the next one.
func withFarm(_ extra: [String] = [], _ body: (FarmRig, DaemonRig) async throws -> Void) async throws {
    let farm = try await FarmRig.make(extra: extra)
    do {
        try await body(farm, try await farm.startNode())
    } catch {
        XCTFail("\(error)\n\(await farm.story())")
    }
    try await farm.remove()
}

import CLinux
import Foundation

/// The guest's side of a tap, held as an emulator holds it: frames written go out of the guest, frames read
/// are those that reach it.
package final class TapPort: Sendable {
    private let descriptor: Int32

    /// What stands before each frame (IFF_VNET_HDR): 10 octets, all zero for a plain frame.
    private static let headerLength = 10

    /// Attaches to a tap that exists.
    package init(_ name: String) throws {
        descriptor = clinux_tap_open(name)
        guard descriptor >= 0 else {
            throw RigFailure("attaching to tap \(name): \(Self.words(-descriptor))")
        }
    }

    deinit { close(descriptor) }

    package func send(_ frame: [UInt8]) throws {
        let bytes = [UInt8](repeating: 0, count: Self.headerLength) + frame
        let written = write(descriptor, bytes, bytes.count)
        guard written == bytes.count else { throw RigFailure("writing a frame: \(Self.words(errno))") }
    }

    /// The frames that have arrived since the last call; does not wait.
    package func received() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0 {
                guard errno == EAGAIN else { throw RigFailure("reading frames: \(Self.words(errno))") }
                return frames
            }
            frames.append(Array(buffer[Self.headerLength..<count]))
        }
    }

    private static func words(_ error: Int32) -> String { String(cString: strerror(error)) }
}

/// Hears every frame that comes in at an interface.
package final class FrameListener: Sendable {
    private let descriptor: Int32

    /// - Parameter namespacePath: the interface's network namespace; nil for this process's.
    package init(_ interface: String, namespacePath: String? = nil) throws {
        descriptor = clinux_packet_socket(namespacePath, interface)
        guard descriptor >= 0 else {
            throw RigFailure("listening at \(interface): \(String(cString: strerror(-descriptor)))")
        }
    }

    deinit { close(descriptor) }

    /// The frames that came in since the last call, without those the interface sent; does not wait.
    package func received() throws -> [[UInt8]] {
        var frames: [[UInt8]] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var isOutgoing: Int32 = 0
            let count = clinux_packet_receive(descriptor, &buffer, buffer.count, &isOutgoing)
            if count < 0 {
                guard count == -Int(EAGAIN) else {
                    throw RigFailure("receiving frames: \(String(cString: strerror(Int32(-count))))")
                }
                return frames
            }
            if isOutgoing == 0 { frames.append(Array(buffer[..<count])) }
        }
    }

    /// Sends a frame out of the interface, as the host that it belongs to would.
    package func send(_ frame: [UInt8]) throws {
        guard Glibc.send(descriptor, frame, frame.count, 0) == frame.count else {
            throw RigFailure("sending a frame: \(String(cString: strerror(errno)))")
        }
    }
}

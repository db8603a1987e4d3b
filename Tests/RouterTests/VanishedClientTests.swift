import FarmModel
import Glibc
import NIOTransport
import XCTest

/// A client whose machine is gone without a word: a closed lid, a cut cable.
final class VanishedClientTests: XCTestCase {
    private var fixture: RouterFixture!

    override func setUpWithError() throws {
        fixture = try RouterFixture { $0.vanishTime = .seconds(3) }
    }

    override func tearDownWithError() throws {
        // Nil when the set-up failed.
        try fixture?.stop()
        fixture = nil
    }

    private func assertNoticed(_ client: RawSocket, _ guest: RawSocket) throws {
        let began = ContinuousClock.now
        XCTAssertEqual(try fixture.snapshot().sessions.count, 1)
        guest.limitReceiving(seconds: 20)
        XCTAssertEqual(try guest.receiveAll(), [], "the guest's line is closed")
        let took = ContinuousClock.now - began
        guest.close()
        try eventually("session ended") { try fixture.snapshot().sessions.isEmpty }
        print("a vanished client was noticed after \(took), with a limit of 3 s")
        XCTAssertGreaterThan(took, .milliseconds(500), "it was there all the time: the filter did not work")
        XCTAssertLessThan(took, .seconds(12))
        withExtendedLifetime(client) {}
    }

    func testAnIdleClientThatVanishesIsNoticed() throws {
        let (client, guest) = try fixture.session()
        try client.vanish()
        try assertNoticed(client, guest)
    }

    func testAClientThatVanishesWhileDataFlowsIsNoticed() throws {
        let (client, guest) = try fixture.session()
        try guest.send([1, 2, 3])
        XCTAssertEqual(try client.receive(exactly: 3), [1, 2, 3])
        try client.vanish()
        try guest.send([UInt8](repeating: 7, count: 10_000))
        try assertNoticed(client, guest)
    }

    func testItIsNoticedWithinAMinuteUnlessOtherwiseConfigured() {
        let configuration = ListenerConfiguration(place: .address(host: "127.0.0.1", port: 0), tls: nil)
        XCTAssertLessThanOrEqual(configuration.vanishTime, .seconds(50), "with room for the kernel's rounding")
    }
}

extension RawSocket {
    /// `struct sock_filter` and `struct sock_fprog` of linux/filter.h.
    private struct Instruction {
        var code: UInt16
        var jumpTrue: UInt8 = 0
        var jumpFalse: UInt8 = 0
        var operand: UInt32
    }

    private struct Program {
        var length: UInt16
        var instructions: UnsafeMutablePointer<Instruction>
    }

    /// From here on this socket neither hears nor answers, though its end is open: its kernel drops every segment
    /// that arrives for it, as if the cable were cut.
    func vanish() throws {
        // BPF_RET | BPF_K: accept this many bytes of the packet, none.
        var dropAll = Instruction(code: 0x06, operand: 0)
        let attachFilter: CInt = 26  // SO_ATTACH_FILTER of asm-generic/socket.h
        let result = withUnsafeMutablePointer(to: &dropAll) { pointer in
            var program = Program(length: 1, instructions: pointer)
            return setsockopt(
                descriptor, SOL_SOCKET, attachFilter, &program, socklen_t(MemoryLayout<Program>.size))
        }
        guard result == 0 else { throw Failure("attaching a filter that drops everything") }
    }
}

import FarmModel
import Foundation
import GuestProtocol
import NIOCore

/// Shows one desktop until the user leaves; when the line breaks, connects again.
struct Viewer {
    let account: Account
    let desktop: Desktop
    let view: ViewOptions
    let environment: [String: String]
    let terminal: Terminal

    /// Pauses between the tries to connect again, in seconds: about five minutes altogether.
    private static let pauses = [1, 2, 4, 8, 15, 15, 30, 30, 30, 30, 30, 30, 30, 30]

    /// Throws why the desktop is not, or no longer, shown.
    func run() async throws {
        let screenshot = try view.screenshot.map {
            try Screenshot(file: $0, after: view.after, environment: environment)
        }
        var tries = 0
        var wasShown = false
        while true {
            do {
                switch try await show(
                    screenshot,
                    isShown: {
                        wasShown = true; tries = 0
                    })
                {
                case .finished: return
                case .endedByGuest(let text): return terminal.say("the desktop ended the session: \(text)")
                case .takenOver(let text):
                    throw ClientFailure("this session now belongs to another client: \(text)", kind: .takenOver)
                case .lost(let text): throw ClientFailure("the connection is lost: \(text)", isPassing: true)
                }
            } catch let failure as ClientFailure where failure.isPassing && wasShown && view.reconnect {
                guard tries < Self.pauses.count else { throw failure }
                try await terminal.pause(Self.pauses[tries], after: failure, then: "connecting again")
                tries += 1
            }
        }
    }

    private func show(_ screenshot: Screenshot?, isShown: () -> Void) async throws -> SessionEnd {
        let proxy = try NXProxy(environment: environment)
        defer { proxy.remove() }
        let cookie = try Self.makeCookie()
        let (cause, session) = try await account.open { connection in
            let session = try await connect(connection, cookie)
            isShown()
            terminal.say("connected to \(desktop.title)")
            return (try await present(connection, proxy, cookie, screenshot), session)
        }
        switch cause {
        case .pictured: return .finished
        case .proxy where screenshot != nil:
            throw ClientFailure("nxproxy ended before the picture was taken: \(proxy.lastWords())")
        // Whoever is cut by the server may see it in any of these ways; only the server knows why.
        case .proxy: return await reason(session) ?? .finished
        case .server: return await reason(session) ?? .lost("the server closed it")
        case .failed(let text): return await reason(session) ?? .lost(text)
        }
    }

    /// Asks for the session and shows what the server is doing meanwhile. Returns the session's name.
    private func connect(_ connection: ServerConnection, _ cookie: NXCookie) async throws -> String? {
        var query = [
            (name: "id", value: String(desktop.id)), (name: SessionParameter.clientSystem, value: "linux"),
            (name: SessionParameter.link, value: view.link),
            (name: SessionParameter.isFullscreen, value: view.fullscreen ? "1" : "0"),
            (name: SessionParameter.nxCookie, value: cookie.text),
        ]
        if let geometry = view.geometry { query.append((name: SessionParameter.geometry, value: geometry)) }
        if let keyboard = view.keyboard { query.append((name: SessionParameter.keyboard, value: keyboard)) }
        let reply = try await connection.get(
            "/qvd/connect_to_vm", query: query, headers: ["Connection: Upgrade", "Upgrade: QVD/1.0"]
        ) { terminal.say($0) }
        guard reply.status == 101 else { throw account.refusal(reply, "connect to \(desktop.title)") }
        return reply.header("X-QVD-Session")
    }

    /// Runs nxproxy on the stream. The first thing that ends ends the rest.
    private func present(
        _ connection: ServerConnection, _ proxy: NXProxy, _ cookie: NXCookie, _ screenshot: Screenshot?
    ) async throws -> FirstEnd.Cause {
        let stream = try await SessionStream.listen()
        let end = FirstEnd()
        let channel = connection.channel
        @Sendable func cut(_ cause: FirstEnd.Cause) {
            end.happen(cause)
            stream.close()
            channel.close(mode: .all, promise: nil)
        }
        let port = stream.port
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                defer { cut(.proxy) }
                _ = try await proxy.run(port: port, cookie: cookie)
            }
            if let screenshot {
                group.addTask {
                    defer { cut(.pictured) }
                    try await screenshot.take()
                }
            }
            await withTaskCancellationHandler {
                await stream.carry(connection, end)
            } onCancel: {
                cut(.failed("interrupted"))
            }
            group.cancelAll()
            while let result = await group.nextResult() {
                if case .failure(let error) = result, let failure = error as? ClientFailure { throw failure }
            }
            return end.cause ?? .server
        }
    }

    /// Why the session ended, as the server tells it; it may need a moment to notice the end itself. Nil when it does
    /// not know or is not there.
    private func reason(_ session: String?) async -> SessionEnd? {
        guard let session else { return nil }
        do {
            for pause in [0, 200, 500, 1000] {
                try await Task.sleep(for: .milliseconds(pause))
                if let end = try await account.ending(of: session) { return end }
            }
            return nil
        } catch {
            return nil
        }
    }

    private static func makeCookie() throws -> NXCookie {
        var generator = SystemRandomNumberGenerator()  // the kernel's generator: fit for secrets
        let bytes = (0..<16).map { _ in UInt8.random(in: 0...255, using: &generator) }
        guard let cookie = NXCookie(bytes: bytes) else { throw ClientFailure("cannot make the session's cookie") }
        return cookie
    }
}

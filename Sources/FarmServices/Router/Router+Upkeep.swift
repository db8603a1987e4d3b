import FarmControl
import FarmModel
import FarmPorts
import Logging

// What goes on beside the clients: one loop per router, not one timer per session.
extension Router {
    /// The most ends that are owed to the store at once; what is beyond is ended by the next run of a router.
    static let owedEndsMax = 20_000
    /// How soon after one change of the store the next is asked for. Small beside what a connect takes.
    private static let newsPause = Duration.milliseconds(20)
    /// Between two comparisons of all sessions with the store.
    private static let compareAllEvery = Duration.seconds(60)
    /// Between two looks at the store by one of its tasks, at least, whatever is heard.
    private static let pauseMin = Duration.milliseconds(50)

    /// Ends what earlier routers of its place left, then gives sessions up that other clients want and pays owed ends,
    /// until the task is cancelled. Failures of the store are retried and cut no session.
    package func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.announceChanges() }
            group.addTask { await self.doUpkeep() }
            await group.waitForAll()
        }
    }

    /// Wakes those whom a change concerns.
    private func announceChanges() async {
        // Of no era: the first answer says that everything may have changed, and from when on to ask.
        var revision = Revision(0, era: -1)
        for await _ in ports.changes.changes() {
            do throws(PortError) {
                let changes = try await ports.changes.changes(after: revision)
                revision = changes.revision
                news.hear(changes)
            } catch {
                ports.log.debug("not known what changed in the store", metadata: ["error": "\(error)"])
                news.hear(nil)
            }
            for (_, waiter) in waiters.sorted(by: { $0.key < $1.key })
            where news.has(newsFor: waiter.interest, after: waiter.seen) {
                waiter.wake.yield()
            }
            // A burst of changes costs one question and not one each: the stream keeps the newest until we come back.
            await sleep(until: ports.clock.now.advanced(by: Self.newsPause))
        }
    }

    private func doUpkeep() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.pollSessions() }
            group.addTask { await self.hearOfSessions() }
            group.addTask { await self.pollAllSessions() }
            await group.waitForAll()
        }
    }

    /// Compares the sessions with the store at fixed moments: finds what nobody told of.
    private func pollSessions() async {
        await poll(every: configuration.upkeepPoll, agrees: await compareSessions(), compareSessions)
    }

    /// Ends, once in a while, whatever session of this router no client has: its calls were carried out after its end.
    private func pollAllSessions() async {
        await poll(every: Self.compareAllEvery, agrees: true) {
            do throws(PortError) {
                let found = try await ports.sessions.all(router: incarnation)
                for session in found where connects[session.token] == nil { await relieve(session) }
            } catch {
                ports.log.warning("sessions not compared with the store", metadata: ["error": "\(error)"])
            }
            return true
        }
    }

    /// Looks at fixed moments, the first a period from now, until the task is cancelled.
    ///
    /// - Parameters:
    ///   - agrees: the last look found nothing to do, so that the next is of use only if something changed since.
    ///   - look: tells the same of itself.
    private func poll(every period: Duration, agrees: Bool, _ look: () async -> Bool) async {
        var agrees = agrees
        var moment = ports.clock.now
        while !Task.isCancelled {
            moment = max(moment.advanced(by: period), ports.clock.now)
            do {
                if agrees {
                    moment = try await ports.clock.sleep(until: moment, toPoll: .sessions, every: period)
                } else {
                    try await ports.clock.sleep(until: moment)
                }
            } catch {
                return  // cancelled: the router stops
            }
            agrees = await look()
        }
    }

    /// Compares them whenever it was heard that they changed, but not without a pause.
    private func hearOfSessions() async {
        var seen = news.count
        while !Task.isCancelled {
            await waitForNews(of: .sessions, after: seen)
            if Task.isCancelled { return }
            seen = news.count
            _ = await compareSessions()
            await sleep(until: ports.clock.now.advanced(by: Self.pauseMin))
        }
    }

    /// - Returns: whether the store holds nothing that this router has still to do.
    private func compareSessions() async -> Bool {
        do throws(PortError) {
            if !hasEndedEarlier {
                try await ports.sessions.endEarlier(at: configuration.place, than: incarnation)
                hasEndedEarlier = true
            }
            try await payOwedEnds()
            let found = try await ports.sessions.wantedOrConnecting(router: incarnation)
            // One that no client has was claimed after its end: the claim was under way when its client left.
            let toRelieve = found.filter { $0.isTakeOverRequested || connects[$0.token] == nil }
            for session in toRelieve { await relieve(session) }
            return toRelieve.isEmpty && owedEnds.isEmpty
        } catch {
            ports.log.warning("sessions not compared with the store", metadata: ["error": "\(error)"])
            return false
        }
    }

    private func payOwedEnds() async throws(PortError) {
        for (token, vm) in owedEnds.sorted(by: { $0.key.number < $1.key.number }) {
            try await ports.sessions.end(token, vm: vm)
            owedEnds[token] = nil
        }
    }

    /// Frees a VM from a session of this router: cuts it if it lives, or else ends what is left of it.
    func relieve(_ session: Session) async {
        guard session.token.router == incarnation else { return }
        if connects[session.token] != nil {
            interrupt(session.token, .takenOver)
        } else {
            await end(session.token, vm: session.vm)
        }
    }

    /// Ends the session in the store, now or when the store can be reached again.
    func end(_ token: SessionToken, vm: VMID) async {
        do throws(PortError) {
            try await ports.sessions.end(token, vm: vm)
            owedEnds[token] = nil
        } catch {
            ports.log.warning(
                "end of session not stored yet", metadata: ["session": "\(token)", "error": "\(error)"])
            if owedEnds.count < Self.owedEndsMax { owedEnds[token] = vm }
        }
    }

    /// Returns at the moment, or when a change of interest was heard after `seen`, but not at once, so that a busy
    /// store does not make everybody read without pause.
    ///
    /// - Parameters:
    ///   - hasLooked: the last look succeeded, so that the next is of use only if something changed since.
    ///   - limit: when to return at the latest, though a look would find nothing new; nil when the caller is cancelled
    ///     at its limit.
    func pause(
        until moment: Instant, for interest: StoreNews.Interest, seen: Int, hasLooked: Bool, limit: Instant? = nil
    ) async {
        await withTaskGroup(of: Void.self) { group in
            if hasLooked {
                group.addTask { await self.sleepToPollDesktop(at: moment) }
                if let limit, limit > moment { group.addTask { await self.sleep(until: limit) } }
            } else {
                group.addTask { await self.sleep(until: moment) }
            }
            await sleep(until: min(moment, ports.clock.now.advanced(by: Self.pauseMin)))
            if !news.has(newsFor: interest, after: seen) {
                group.addTask { await self.waitForNews(of: interest, after: seen) }
                await group.next()
            }
            group.cancelAll()
        }
    }

    private func sleepToPollDesktop(at moment: Instant) async {
        do {
            _ = try await ports.clock.sleep(until: moment, toPoll: .desktop, every: configuration.limits.storePoll)
        } catch {
            return  // cancelled
        }
    }

    /// Returns when a change of interest was heard after `seen`, or when the task is cancelled.
    private func waitForNews(of interest: StoreNews.Interest, after seen: Int) async {
        guard !news.has(newsFor: interest, after: seen) else { return }
        let (changes, waiter) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        lastWaiter += 1
        let number = lastWaiter
        waiters[number] = Waiter(interest: interest, seen: seen, wake: waiter)
        for await _ in changes { break }
        waiters[number] = nil
    }
}

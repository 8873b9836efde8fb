import Contracts
import Delivery
import EventLog
import GRDB
import Testing

@Suite("Loops of a service", .timeLimit(.minutes(5)))
struct ServiceLoopsTests {
    /// A harness whose consumer and relays run as loops while the body runs.
    private func running(_ harness: Harness, _ body: (Looped) async throws -> Void) async throws {
        let bell = Doorbell()
        let watch = try harness.log.watch(harness.card.topics, ring: bell)
        defer { watch.close() }
        let node = harness.node
        let log = harness.log
        let randomness = harness.randomness
        for relay in harness.relays { relay.close() }
        let loops = ServiceLoops(node: node, randomness: randomness)
        let looped = Looped(
            consumer: Task {
                try await loops.run(try Consumer(node: node, log: log, randomness: randomness), bell: bell)
            },
            relays: Task { try await loops.run(try Harness.makeRelays(node, log)) })
        do {
            try await body(looped)
        } catch {
            looped.cancel()
            throw error
        }
        looped.cancel()
        // Cancelled, a loop ends as one that has nothing to complain about.
        try await looped.consumer.value
        try await looped.relays.value
    }

    private struct Looped {
        let consumer: Task<Void, any Error>
        let relays: Task<Void, any Error>

        func cancel() {
            consumer.cancel()
            relays.cancel()
        }
    }

    @Test("events are taken up as they come and published, and an idle service asks nobody")
    func flows() async throws {
        let harness = try Harness()
        try await running(harness) { _ in
            for number in 1...20 {
                try harness.emit(World.Ordered(), "o-\(number)")
                try await eventually("it is published") { try harness.events(.inventory).count == number }
            }
            #expect(harness.clock.sleepers == 0)
        }
    }

    @Test("an attempt that is due later wakes the loop at its time, and news before that")
    func retries() async throws {
        let harness = try Harness()
        harness.faults.fail("a")
        try await running(harness) { _ in
            try harness.emit(World.Ordered(), "a")
            try await eventually("the next attempt is waited for") { harness.clock.sleepers == 1 }
            try harness.emit(World.Ordered(), "b")
            try await eventually("others flow") { try harness.events(.inventory).map(\.subject) == ["b"] }
            harness.faults.heal()
            try await eventually("it waits again") { harness.clock.sleepers == 1 }
            harness.clock.advance(by: .seconds(1))
            try await eventually("the attempt is made") { try harness.events(.inventory).map(\.subject) == ["b", "a"] }
        }
    }

    @Test("the loops stand on faults of the environment and go on where they were")
    func stands() async throws {
        let harness = try Harness()
        harness.faults.fail("a", with: DatabaseError.busy)
        harness.log.fail(.beforeAppend, with: .noSpace(topic: .inventory, file: "f"))
        try await running(harness) { _ in
            try harness.emit(World.Ordered(), "a")
            for round in 1...5 {
                try await eventually("the consumer stands") {
                    harness.clock.sleepers == 1 && harness.faults.calls(of: "a") >= 2 * round
                }
                harness.clock.advance(by: .seconds(20))
            }
            harness.faults.heal()
            try await eventually("the consumer goes on, the relay stands") {
                if harness.log.attempts == 0, harness.clock.sleepers > 0 { harness.clock.advance(by: .seconds(20)) }
                return harness.log.attempts > 0
            }
            #expect(try harness.events(.inventory).isEmpty)
            harness.log.heal()
            try await eventually("the relay goes on") {
                if harness.clock.sleepers > 0 { harness.clock.advance(by: .seconds(20)) }
                return try harness.events(.inventory).count == 1
            }
        }
        #expect(
            try harness.count("SELECT count(*) FROM parked") + harness.count("SELECT count(*) FROM dead_letters") == 0)
    }

    @Test("a fatal fault ends the loop that met it", arguments: [DatabaseError.ioError, .corrupt])
    func fatalConsumer(error: DatabaseError) async throws {
        let harness = try Harness()
        harness.faults.fail("a", with: error)
        await #expect(throws: DatabaseError.self) {
            try await running(harness) { looped in
                try harness.emit(World.Ordered(), "a")
                try await looped.consumer.value
            }
        }
    }

    @Test("a failed sync of the log ends the relays")
    func fatalRelay() async throws {
        let harness = try Harness()
        let failed = LogError.syncFailed(topic: .inventory, file: "f", errno: 5)
        harness.log.fail(.beforeAppend, with: failed)
        await #expect(throws: failed) {
            try await running(harness) { looped in
                try harness.emit(World.Ordered(), "a")
                try await looped.relays.value
            }
        }
    }

    @Test("cancelled while standing, the loops end at once")
    func cancelledWhileStanding() async throws {
        let harness = try Harness()
        harness.faults.fail("a", with: DatabaseError.busy)
        try await running(harness) { _ in
            try harness.emit(World.Ordered(), "a")
            try await eventually("the consumer stands") { harness.clock.sleepers == 1 }
        }
        #expect(harness.clock.sleepers == 0)
    }
}

@Suite("Doorbell", .timeLimit(.minutes(5)))
struct DoorbellTests {
    @Test("a ring while nobody waits is kept, several are one")
    func kept() async {
        let bell = Doorbell()
        bell.ring()
        bell.ring()
        await bell.wait()
        let waiting = Task { await bell.wait() }
        waiting.cancel()
        await waiting.value
    }

    @Test("no wake-up is lost between two tasks")
    func pingPong() async {
        let (ping, pong) = (Doorbell(), Doorbell())
        async let other: Void = {
            for _ in 0..<20_000 {
                await ping.wait()
                pong.ring()
            }
        }()
        for _ in 0..<20_000 {
            ping.ring()
            await pong.wait()
        }
        await other
    }

    @Test("cancellation races with rings and registrations, and always ends the wait")
    func cancellation() async {
        for _ in 0..<2_000 {
            let bell = Doorbell()
            let waiting = Task { await bell.wait() }
            if Bool.random() { await Task.yield() }
            waiting.cancel()
            if Bool.random() { bell.ring() }
            await waiting.value
        }
    }

    @Test("waiting until a time ends at the time, at a ring, or when cancelled, and leaves no alarm behind")
    func until() async throws {
        let clock = ManualClock(Harness.start)
        let bell = Doorbell()
        let due = clock.monotonic() + .seconds(5)
        let timed = Task { await bell.wait(until: due, clock) }
        try await eventually("the alarm is set") { clock.sleepers == 1 }
        clock.advance(by: .seconds(5))
        await timed.value

        let rung = Task { await bell.wait(until: due + .seconds(5), clock) }
        try await eventually("the alarm is set") { clock.sleepers == 1 }
        bell.ring()
        await rung.value
        #expect(clock.sleepers == 0)

        let cancelled = Task { await bell.wait(until: due + .seconds(5), clock) }
        try await eventually("the alarm is set") { clock.sleepers == 1 }
        cancelled.cancel()
        await cancelled.value
        #expect(clock.sleepers == 0)

        await bell.wait(until: due, clock)
    }
}

import Contracts
import Delivery
import EventLog
import GRDB
import Testing
import TestSupport

@Suite("A clock that is set, forward or back")
struct ClockTests {
    private static let steps = [-3600, -10, 86_400]

    private func due(_ harness: Harness) throws -> Duration {
        guard case .idle(let due?) = try harness.consumer.turn() else { throw Broken("no attempt is due") }
        return due - harness.clock.monotonic()
    }

    /// An event that fails once, with its first attempt behind it.
    private func failing() throws -> Harness {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.faults.fail("a")
        #expect(try harness.consumer.turn() == .worked)
        harness.faults.heal()
        return harness
    }

    @Test("an event that waits for its next attempt waits as long as it would have", arguments: steps)
    func parked(seconds: Int) throws {
        let harness = try failing()
        let pause = try due(harness)
        harness.clock.set(ahead: .seconds(seconds))
        #expect(try due(harness) == pause, "neither longer nor shorter")
        harness.clock.advance(by: pause - .microseconds(1))
        #expect(try due(harness) == .microseconds(1))
        harness.clock.advance(by: .microseconds(1))
        #expect(try harness.consumer.turn() == .worked)
        #expect(try harness.journal().count == 1)
    }

    @Test("so it does where the service is started again after the clock was set", arguments: steps)
    func overRestarts(seconds: Int) throws {
        let harness = try failing()
        let pause = try due(harness)
        harness.clock.set(ahead: .seconds(seconds))
        try harness.restart()
        #expect(try due(harness) == pause)
    }

    @Test("a due time on disk that lies an hour ahead holds the event no longer than the longest pause")
    func dueOnDisk() throws {
        let harness = try failing()
        try harness.node.database.transaction {
            try $0.execute(sql: "UPDATE parked SET next_attempt_at = next_attempt_at + 3600000000")
        }
        try harness.restart()
        #expect(try due(harness) == RetryPolicy().longestPause)
        harness.clock.advance(by: RetryPolicy().longestPause)
        #expect(try harness.consumer.turn() == .worked)
        #expect(try harness.journal().count == 1)
    }

    @Test("an event that killed the process is tried again at its time", arguments: steps)
    func trial(seconds: Int) throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        harness.watch.die(on: .orders, 0)
        try harness.restart()
        #expect(try harness.consumer.turn() == .worked)
        let pause = try due(harness)
        harness.clock.set(ahead: .seconds(seconds))
        #expect(try due(harness) == pause)
    }

    @Test("while the other side cannot be reached, the next call goes out at its time", arguments: steps)
    func outsideCalls(seconds: Int) throws {
        let harness = try Harness()
        let retry = RetryPolicy()
        var breaker = CircuitBreaker(name: "outside")
        _ = breaker.unreachable("nobody there", at: harness.clock.read(), retry, harness.randomness)
        harness.clock.set(ahead: .seconds(seconds))
        #expect(breaker.limit(4, at: harness.clock.read()) == 0)
        harness.clock.advance(by: retry.firstDelay * 2)
        #expect(breaker.limit(4, at: harness.clock.read()) == 1)
    }

    @Test("a leap ahead prunes no id before its time; a clock set back forgets nothing, and prunes at its time")
    func inbox() throws {
        let harness = try Harness(limits: { $0.inboxWindow = .seconds(100) })
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        for seconds in [86_400, -90_000] {
            harness.clock.set(ahead: .seconds(seconds))
            try harness.emit(World.Ordered(), "b\(seconds)")
            try harness.run()
            #expect(try harness.count("SELECT count(*) FROM inbox_pruned") == 0)
        }
        harness.clock.advance(by: .seconds(101))
        try harness.emit(World.Ordered(), "c")
        try harness.run()
        try harness.emit(World.Ordered(), "d")
        try harness.run()
        #expect(try harness.count("SELECT count(*) FROM inbox WHERE offset = 2") == 0, "it was stamped after both")
    }

    // MARK: - Ages

    @Test(
        "a stamp is as old as it really is, whatever was set since, over restarts too",
        arguments: [[86_400], [-3600], [86_400, -86_400], [-3600, 3600], [-3600, 86_400, -7200]], [false, true])
    func ages(steps: [Int], restarts: Bool) throws {
        let harness = try Harness()
        var stamps: [(stamp: Timestamp, at: MonotonicTime)] = []
        for step in [0] + steps {
            harness.clock.set(ahead: .seconds(step))
            if restarts { try harness.restart() }
            stamps.append((harness.clock.now(), harness.clock.monotonic()))
            harness.clock.advance(by: .seconds(7))
            let now = harness.node.clockHistory.read()
            for (stamp, at) in stamps {
                #expect(harness.node.clockHistory.age(of: stamp, at: now) == now.monotonic - at, "after \(step) s")
            }
        }
    }

    @Test("a stamp that is still to come has no age, and one that is trued a little keeps its own")
    func edges() throws {
        let harness = try Harness()
        let history = harness.node.clockHistory
        let start = history.read()
        #expect(history.age(of: start.wall + .seconds(1_000_000), at: start) == .zero)
        #expect(history.age(of: Timestamp(microseconds: .min), at: start) > .seconds(1_000_000))
        #expect(history.age(of: Timestamp(microseconds: .max), at: start) == .zero)
        harness.clock.set(ahead: .milliseconds(-300))
        #expect(history.age(of: start.wall, at: history.read()) == .zero)
        #expect(history.earliest(withAge: .seconds(5), at: history.read()) == harness.clock.now() - .seconds(5))
    }

    @Test("an outbox that stands is noticed after a clock was set back, and one that does not is not after a leap")
    func outboxWatch() throws {
        let harness = try Harness()
        let watch = OutboxWatch(node: harness.node, limit: .seconds(30))
        try harness.emit(World.Ordered(), "a")
        _ = try harness.consumer.turn()
        harness.clock.set(ahead: .seconds(86_400))
        _ = try watch.turn()
        #expect(harness.node.standing.parts.isEmpty)
        harness.clock.set(ahead: .seconds(-90_000))
        harness.clock.advance(by: .seconds(31))
        _ = try watch.turn()
        #expect(harness.node.standing.parts.map(\.part) == ["outbox"])
    }
}

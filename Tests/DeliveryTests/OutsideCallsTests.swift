import Contracts
import Delivery
import EventLog
import GRDB
import Synchronization
import Testing

@Suite("Calls to the outside", .timeLimit(.minutes(5)))
struct OutsideCallsTests {
    /// An outside that answers when and as the test says.
    private final class Outside: OutsideCaller {
        struct Asked: Equatable, Sendable {
            let key: String
            let body: [UInt8]
        }

        private struct State {
            var asked: [Asked] = []
            var unknown: [String: Int] = [:]
            var isDown = false
            var held: [CheckedContinuation<Void, Never>] = []
            var holds = false
            var now = 0
            var most = 0
        }

        let faults = Faults()
        private let state = Mutex(State())

        var asked: [Asked] { state.withLock { $0.asked } }
        var now: Int { state.withLock { $0.now } }
        var most: Int { state.withLock { $0.most } }

        func failTimes(_ times: Int, _ key: String) { state.withLock { $0.unknown[key] = times } }
        func setDown(_ isDown: Bool) { state.withLock { $0.isDown = isDown } }
        func hold() { state.withLock { $0.holds = true } }

        func release() {
            let held = state.withLock { state in
                state.holds = false
                defer { state.held = [] }
                return state.held
            }
            for continuation in held { continuation.resume() }
        }

        func question(for intent: Intent, isOverdue: Bool, in db: Database) throws -> Asked {
            try faults.check(intent.key, "question", .apply)
            return Asked(key: intent.key, body: intent.request)
        }

        func ask(_ question: Asked) async throws -> String {
            state.withLock { state in
                state.asked.append(question)
                state.now += 1
                state.most = max(state.most, state.now)
            }
            defer { state.withLock { $0.now -= 1 } }
            await withTaskCancellationHandler {
                await withCheckedContinuation { continuation in
                    let waits = state.withLock { state -> Bool in
                        guard state.holds, !Task.isCancelled else { return false }
                        state.held.append(continuation)
                        return true
                    }
                    if !waits { continuation.resume() }
                }
            } onCancel: {
                release()
            }
            try Task.checkCancellation()
            if state.withLock({ $0.isDown }) { throw Unreachable(reason: "nobody there") }
            let fails = state.withLock { state -> Bool in
                guard let times = state.unknown[question.key], times > 0 else { return false }
                state.unknown[question.key] = times - 1
                return true
            }
            if fails { throw Broken("timed out") }
            return "yes \(question.key)"
        }

        func settle(_ intent: Intent, _ answer: String, isOverdue: Bool, in db: Database) throws -> [Outgoing] {
            try World.add(0, to: "returned", of: intent.subject, db)
            try faults.check(intent.key, "settle", .decide)
            return [.event(World.Returned(answer: answer), subject: intent.subject)]
        }
    }

    /// Runs the calls while the body runs.
    private func running(
        _ harness: Harness, _ outside: Outside, concurrency: Int = 8, _ body: () async throws -> Void
    ) async throws {
        let node = harness.node
        let randomness = harness.randomness
        let runner = Task {
            let calls = try OutsideCalls(node: node, caller: outside, concurrency: concurrency, randomness: randomness)
            try await calls.run()
        }
        do {
            try await body()
        } catch {
            runner.cancel()
            throw error
        }
        runner.cancel()
        try await runner.value
    }

    private func record(_ harness: Harness, _ keys: [String]) throws {
        for key in keys { try harness.emit(World.Withdrawn(key: key), "s-\(key)") }
        while try harness.consumer.turn() == .worked {}
    }

    private func finished(_ harness: Harness) throws -> Int {
        try harness.count("SELECT count(*) FROM intents WHERE state = 'finished'")
    }

    /// Moves the clock to whatever sleeps, until the condition holds.
    private func advancing(_ harness: Harness, by step: Duration = .milliseconds(50), until done: () throws -> Bool)
        async throws
    {
        try await eventually("it comes to an end") {
            if harness.clock.sleepers > 0 { harness.clock.advance(by: step) }
            return try done()
        }
    }

    @Test("more calls than are kept in memory are all made, each once, those found at the start and those that come")
    func beyondTheWindow() async throws {
        let harness = try Harness()
        let outside = Outside()
        let count = OutsideCalls<Outside>.window * 3 / 2
        try record(harness, (0..<count).map { "old\($0)" })
        try harness.restart()
        try await running(harness, outside, concurrency: 64) {
            outside.hold()
            try record(harness, (0..<count).map { "new\($0)" })
            outside.release()
            try await eventually("all have an answer") {
                try harness.count("SELECT count(*) FROM intents WHERE state = 'open'") == 0
            }
        }
        #expect(outside.asked.count == 2 * count)
        #expect(Set(outside.asked.map(\.key)).count == 2 * count)
    }

    @Test("an answer is settled once, with events that belong to the cause")
    func settles() async throws {
        let harness = try Harness()
        let outside = Outside()
        try await running(harness, outside) {
            try record(harness, ["a", "b"])
            try await eventually("both are answered") { try finished(harness) == 2 }
        }
        try harness.run()
        let events = try harness.events(.inventory)
        #expect(events.map(\.subject).sorted() == ["s-a", "s-b"])
        let causes = try harness.events(.orders)
        #expect(Set(events.compactMap(\.causationID)) == Set(causes.map(\.id)))
        #expect(outside.asked.count == 2)
        #expect(outside.asked.first { $0.key == "a" }?.body == Array("give back a".utf8))
        #expect(try harness.count("SELECT sum(returned) FROM totals") == 2)
        #expect(try harness.digest() == harness.rebuiltDigest(seed: 1))
    }

    @Test("an answer that comes twice counts once")
    func settledTwice() throws {
        let harness = try Harness()
        try record(harness, ["a"])
        let intents = harness.node.newIntents.take().intents
        #expect(intents.map(\.key) == ["a"])
        for _ in 0..<2 {
            try harness.node.settle(intents.map { ($0, "yes") }) { intent, answer, _, _ in
                [.event(World.Returned(answer: answer), subject: intent.subject)]
            }
        }
        try harness.run()
        #expect(try harness.events(.inventory).count == 1)
        #expect(try harness.count("SELECT sum(returned) FROM totals") == 1)
    }

    @Test("an unknown outcome is asked again with the same bytes under the same key until there is an answer")
    func unknown() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.failTimes(7, "a")
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await advancing(harness) { try finished(harness) == 1 }
        }
        #expect(outside.asked == Array(repeating: .init(key: "a", body: Array("give back a".utf8)), count: 8))
        #expect(try harness.count("SELECT sum(returned) FROM totals") == 1)
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == 0)
        #expect(harness.node.standing.callRetries.isEmpty)
    }

    @Test("a call is made again when its time has come by the clock, not before")
    func timing() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.failTimes(1, "a")
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await eventually("the loop waits for the next attempt") { harness.clock.sleepers == 1 }
            // Operators see how often it was asked.
            let retries = harness.node.standing.callRetries
            #expect(retries.map(\.key) == ["a"] && retries.map(\.attempts) == [1])
            harness.clock.advance(by: .milliseconds(49))
            // Another call goes through meanwhile, and shows that the loop was awake.
            try record(harness, ["b"])
            try await eventually("the other is answered") { try finished(harness) == 1 }
            #expect(outside.asked.map(\.key) == ["a", "b"])
            try await eventually("the loop waits again") { harness.clock.sleepers == 1 }
            harness.clock.advance(by: .milliseconds(101))
            try await eventually("it is asked again") { try finished(harness) == 2 }
        }
    }

    @Test("while the other side cannot be reached one call at a time goes out to see, and then all are made")
    func unreachable() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.setDown(true)
        try await running(harness, outside, concurrency: 20) {
            try record(harness, (0..<50).map { "k\($0)" })
            try await eventually("all wait") { harness.clock.sleepers == 1 && !harness.node.standing.parts.isEmpty }
            let first = outside.asked.count
            #expect(first <= 20)
            for probe in 1...3 {
                harness.clock.advance(by: .seconds(20))
                try await eventually("one looks") {
                    outside.asked.count == first + probe && harness.clock.sleepers == 1
                }
            }
            #expect(harness.node.standing.parts.map(\.reason) == ["nobody there"])
            outside.setDown(false)
            harness.clock.advance(by: .seconds(20))
            try await eventually("all are made") { try finished(harness) == 50 }
            #expect(harness.node.standing.parts.isEmpty)
        }
    }

    @Test("open calls are picked up after a restart, finished ones are not made again")
    func restart() async throws {
        let harness = try Harness()
        let outside = Outside()
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await eventually("answered") { try finished(harness) == 1 }
            outside.hold()
            try record(harness, ["b", "c"])
            try await eventually("asked") { outside.asked.count == 3 }
        }
        #expect(try finished(harness) == 1, "cut off while under way: still open")
        outside.release()
        try harness.restart()
        try await running(harness, outside) {
            try await eventually("all are answered") { try finished(harness) == 3 }
        }
        #expect(outside.asked.map(\.key).sorted() == ["a", "b", "b", "c", "c"])
        #expect(try harness.count("SELECT sum(returned) FROM totals") == 3)
    }

    @Test("a call recorded before the start and announced after it is made once")
    func recordedBeforeStart() async throws {
        let harness = try Harness()
        let outside = Outside()
        try record(harness, ["a", "b"])
        try await running(harness, outside) {
            try await eventually("answered") { try finished(harness) == 2 }
            try record(harness, ["c"])
            try await eventually("answered") { try finished(harness) == 3 }
        }
        #expect(outside.asked.map(\.key).sorted() == ["a", "b", "c"])
    }

    @Test("no more calls are under way than allowed, and all are made", arguments: [1, 5])
    func bound(concurrency: Int) async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.hold()
        let keys = (0..<60).map { "k-\($0)" }
        try await running(harness, outside, concurrency: concurrency) {
            try record(harness, keys)
            try await eventually("as many as allowed are under way") { outside.now == concurrency }
            outside.release()
            try await eventually("all are answered") { try finished(harness) == 60 }
        }
        #expect(outside.most == concurrency)
        #expect(outside.asked.map(\.key).sorted() == keys.sorted())
    }

    @Test("cancelled, it stops with calls under way and with attempts waiting")
    func cancellation() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.failTimes(1, "a")
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await eventually("an attempt waits") { harness.clock.sleepers == 1 }
            outside.hold()
            try record(harness, ["b"])
            try await eventually("a call is under way") { outside.now == 1 }
        }
        #expect(outside.now == 0)
        #expect(try harness.count("SELECT count(*) FROM intents WHERE state = 'open'") == 2)
    }

    @Test("an answer that cannot be settled holds up no other, and is asked for again")
    func poisonAnswer() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.faults.fail("bad")
        outside.hold()
        try await running(harness, outside) {
            try record(harness, ["a", "bad", "c"])
            try await eventually("all are under way") { outside.now == 3 }
            outside.release()
            try await eventually("the others are answered") { try finished(harness) == 2 }
            outside.faults.heal()
            try await advancing(harness) { try finished(harness) == 3 }
        }
        #expect(try harness.count("SELECT sum(returned) FROM totals") == 3)
        try harness.run()
        #expect(try harness.events(.inventory).count == 3)
    }

    @Test("a question that cannot be put holds up no other, and is put again")
    func poisonQuestion() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.faults.fail("bad", at: .apply)
        try await running(harness, outside, concurrency: 1) {
            try record(harness, ["first"])
            try await eventually("the loop has nothing left to do") { try finished(harness) == 1 }
            try record(harness, ["bad", "a", "b"])
            try await eventually("the others are answered") { try finished(harness) == 3 }
            outside.faults.heal()
            try await advancing(harness) { try finished(harness) == 4 }
        }
    }

    @Test("answers wait for a busy database and are then recorded, without asking again")
    func outage() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.faults.fail("a", with: DatabaseError.busy)
        outside.faults.fail("q", at: .apply, with: DatabaseError.busy)
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await eventually("it stands") { harness.clock.sleepers == 1 }
            harness.clock.advance(by: .seconds(20))
            try await eventually("it stands again") { harness.clock.sleepers == 1 && outside.faults.calls(of: "a") > 2 }
            outside.faults.heal("a")
            try await advancing(harness) { try finished(harness) == 1 }
            try record(harness, ["q"])
            try await eventually("it stands before the question") { harness.clock.sleepers == 1 }
            outside.faults.heal()
            try await advancing(harness) { try finished(harness) == 2 }
        }
        #expect(outside.asked.map(\.key) == ["a", "q"])
    }

    @Test("cancelled while the database is out, it stops")
    func cancelledWhileStanding() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.faults.fail("a", with: DatabaseError.busy)
        try await running(harness, outside) {
            try record(harness, ["a"])
            try await eventually("it stands") { harness.clock.sleepers == 1 }
        }
        #expect(try finished(harness) == 0)
    }

    @Test("a fatal fault ends it, calls under way included")
    func fatal() async throws {
        let harness = try Harness()
        let outside = Outside()
        outside.faults.fail("a", with: DatabaseError.corrupt)
        outside.hold()
        await #expect(throws: DatabaseError.self) {
            try await running(harness, outside) {
                try record(harness, ["a", "b"])
                try await eventually("both are under way") { outside.now == 2 }
                outside.release()
                try await eventually("both have ended") { outside.now == 0 && outside.faults.calls(of: "a") > 1 }
            }
        }
    }
}

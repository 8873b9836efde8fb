import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Synchronization
import Testing

@Suite("Commands with group commit", .timeLimit(.minutes(5)))
struct CommandQueueTests {
    private struct Place: CommandHandler {
        struct Refusal: Error, Equatable {}

        let faults = Faults()

        /// Refuses what begins with "no", makes an event too large for "huge", writes nothing for what is known.
        func decide(_ subject: String, at now: Timestamp, in db: Database) throws -> CommandDecision<String> {
            try faults.check(subject, "place", .decide)
            if subject.hasPrefix("no") { throw Refusal() }
            if try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM totals WHERE subject = ?)", arguments: [subject]) ?? false
            {
                return CommandDecision(reply: "again \(subject)")
            }
            let command = Command(key: "place:\(subject)", correlationID: CorrelationID(high: 1, low: 1), at: now)
            let padding = subject.hasPrefix("huge") ? String(repeating: "x", count: 100_000) : ""
            return CommandDecision(
                reply: "done \(subject)", command: command,
                outgoing: [.event(World.Held(quantity: 1, padding: padding), subject: subject)])
        }
    }

    private typealias Answers = [String: Result<String, any Error>]

    /// Submits all, makes sure that all wait, then carries out turn after turn.
    private func answers(
        _ subjects: [String], _ queue: CommandQueue<Place>, turns: (CommandQueue<Place>) async throws -> Void
    ) async throws -> Answers {
        try await withThrowingTaskGroup(of: (String, Result<String, any Error>).self) { group in
            for subject in subjects {
                group.addTask {
                    do { return (subject, .success(try await queue.submit(subject))) } catch {
                        return (subject, .failure(error))
                    }
                }
            }
            try await eventually("all commands wait") { queue.waiting == subjects.count }
            try await turns(queue)
            while try queue.turn() {}  // whoever was left over shows in the counts, not in a hang
            var answers: Answers = [:]
            for try await (subject, answer) in group { answers[subject] = answer }
            return answers
        }
    }

    /// Refused at once, without waiting for anybody's turn.
    private func expectRefusal(_ subject: String, _ queue: CommandQueue<Place>) async throws {
        let before = queue.waiting
        let refusal = Mutex<(any Error)?>(nil)
        let late = Task {
            do { _ = try await queue.submit(subject) } catch { refusal.withLock { $0 = error } }
        }
        try await eventually("it is refused, or waits") { refusal.withLock { $0 != nil } || queue.waiting > before }
        #expect(queue.waiting == before)
        if queue.waiting == before { await late.value }
        #expect(refusal.withLock { $0 is CommandUnavailable })
    }

    @Test("commands that come together share a transaction")
    func groupCommit() async throws {
        let harness = try Harness()
        let commits = Commits()
        try harness.node.database.read { $0.add(transactionObserver: commits, extent: .observerLifetime) }
        let queue = CommandQueue(node: harness.node, limit: 1000, handler: Place())
        let subjects = (0..<100).map { "s-\($0)" }
        let answers = try await answers(subjects, queue) { queue in
            let turns = [try queue.turn(), try queue.turn()]
            #expect(turns == [true, false])
        }
        #expect(try answers.values.allSatisfy { try $0.get().hasPrefix("done") })
        #expect(commits.count == 1)
        try harness.run()
        #expect(Set(try harness.events(.inventory).map(\.subject)) == Set(subjects))
        #expect(try harness.events(.inventory).allSatisfy { $0.causationID == nil })
    }

    /// Counts its hops, and runs what it is given at once.
    private final class Counting: CallbackExecutor {
        let hops = Mutex(0)

        func execute(_ body: @escaping @Sendable () -> Void) {
            hops.withLock { $0 += 1 }
            body()
        }
    }

    @Test("callbacks of one transaction come after its commit, in one hop; refusals and a full queue come, too")
    func callbacks() throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 4, handler: Place())
        let executor = Counting()
        let answers = Mutex<[String: Result<String, any Error>]>([:])
        for subject in ["a", "b", "no-1", "a2", "too many"] {
            queue.submit(subject, on: executor) { answer in answers.withLock { $0[subject] = answer } }
        }
        #expect(executor.hops.withLock { $0 } == 1, "the refused one")
        #expect(throws: CommandUnavailable.self) { try answers.withLock { try $0["too many"]?.get() } }
        #expect(answers.withLock { $0.count } == 1)
        #expect(try queue.turn())
        #expect(executor.hops.withLock { $0 } == 2)
        let found = answers.withLock { $0 }
        #expect(try found["a"]?.get() == "done a" && found["b"]?.get() == "done b" && found["a2"]?.get() == "done a2")
        #expect(throws: Place.Refusal()) { try found["no-1"]?.get() }
    }

    @Test("an answer is given only once the command is on disk for everybody to see")
    func answeredAfterCommit() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 10, handler: Place())
        let other = try DatabaseQueue(path: harness.path)
        let runner = Task { try await queue.run() }
        for number in 0..<20 {
            #expect(try await queue.submit("s-\(number)") == "done s-\(number)")
            let seen = try other.inDatabase {
                try Int.fetchOne(
                    $0, sql: "SELECT count(*) FROM totals t, outbox o WHERE t.subject = ?", arguments: ["s-\(number)"])
            }
            #expect((seen ?? 0) > 0)
        }
        runner.cancel()
        try await runner.value
    }

    @Test("a refusal leaves nothing and disturbs nobody")
    func refusal() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 100, handler: Place())
        let answers = try await answers(["a", "no-1", "b", "no-2"], queue) { _ = try $0.turn() }
        #expect(try answers["a"]?.get() == "done a")
        #expect(try answers["b"]?.get() == "done b")
        for refused in ["no-1", "no-2"] { #expect(throws: Place.Refusal()) { try answers[refused]?.get() } }
        #expect(try harness.strings("SELECT subject FROM totals ORDER BY subject") == ["a", "b"])
        #expect(try harness.count("SELECT count(*) FROM outbox") == 2)
    }

    @Test("of two commands for the same in one batch, the second sees the first")
    func sameTwice() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 100, handler: Place())
        async let first = queue.submit("a")
        try await eventually("the first waits") { queue.waiting == 1 }
        async let second = queue.submit("a")
        try await eventually("both wait") { queue.waiting == 2 }
        #expect(try queue.turn())
        #expect(try await first == "done a")
        #expect(try await second == "again a")
        #expect(try harness.count("SELECT count(*) FROM outbox") == 1)
    }

    @Test("a command that breaks after its decision fails alone; the others of its batch are done, once")
    func breaksAfterDecision() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 100, handler: Place())
        let answers = try await answers(["a", "huge", "b", "no"], queue) { _ = try $0.turn() }
        #expect(try answers["a"]?.get() == "done a")
        #expect(try answers["b"]?.get() == "done b")
        #expect(throws: EventCodingError.self) { try answers["huge"]?.get() }
        #expect(throws: Place.Refusal()) { try answers["no"]?.get() }
        #expect(try harness.strings("SELECT subject FROM totals ORDER BY subject") == ["a", "b"])
        try harness.run()
        #expect(try harness.events(.inventory).count == 2)
    }

    @Test("commands done before an outage in the middle of a batch are answered as done, the rest as not carried out")
    func outageInTheMiddle() async throws {
        let harness = try Harness()
        let place = Place()
        place.faults.fail("stop", with: DatabaseError.busy)
        let queue = CommandQueue(node: harness.node, limit: 100, handler: place)
        let order = ["a", "huge", "b", "stop", "c"]
        // One after the other into the queue, so that their order is known.
        let answers = try await withThrowingTaskGroup(of: (String, Result<String, any Error>).self) { group in
            for (index, subject) in order.enumerated() {
                group.addTask {
                    do { return (subject, .success(try await queue.submit(subject))) } catch {
                        return (subject, .failure(error))
                    }
                }
                try await eventually("it waits") { queue.waiting == index + 1 }
            }
            _ = try queue.turn()
            var answers: Answers = [:]
            for try await (subject, answer) in group { answers[subject] = answer }
            return answers
        }
        let done = try harness.strings("SELECT subject FROM totals ORDER BY subject")
        for (subject, answer) in answers {
            switch answer {
            case .success: #expect(done.contains(subject), "\(subject) was answered as done")
            case .failure: #expect(!done.contains(subject), "\(subject) was answered as not done")
            }
        }
        #expect(throws: CommandUnavailable.self) { try answers["c"]?.get() }
        #expect(throws: CommandUnavailable.self) { try answers["stop"]?.get() }
    }

    @Test("a full queue refuses at once")
    func fullQueue() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 3, handler: Place())
        let answers = try await answers(["a", "b", "c"], queue) { queue in
            try await expectRefusal("d", queue)
            _ = try queue.turn()
        }
        #expect(try answers.values.allSatisfy { try $0.get().hasPrefix("done") })
        #expect(try harness.count("SELECT count(*) FROM totals") == 3)
    }

    @Test("a full database: nobody is told that it is done, nothing remains, and later ones work")
    func fullDatabase() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 1000, handler: Place())
        let subjects = (0..<200).map { "s-\($0)" }
        try harness.execute("PRAGMA max_page_count = \(harness.count("PRAGMA page_count") + 1)")
        let refused = try await answers(subjects, queue) { _ = try $0.turn() }
        for answer in refused.values { #expect(throws: CommandUnavailable.self) { try answer.get() } }
        #expect(try harness.count("SELECT count(*) FROM totals") + harness.count("SELECT count(*) FROM outbox") == 0)
        try harness.execute("PRAGMA max_page_count = 1000000")
        let done = try await answers(subjects, queue) { _ = try $0.turn() }
        #expect(try done.values.allSatisfy { try $0.get().hasPrefix("done") })
    }

    @Test("a commit that fails is not answered as done", arguments: [DatabaseError.busy, .ioError])
    func failingCommit(error: DatabaseError) async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 1000, handler: Place())
        let commits = Commits(failing: error)
        try harness.node.database.read { $0.add(transactionObserver: commits, extent: .observerLifetime) }
        let answers = try await answers(["a", "b"], queue) { queue in
            if error.resultCode == .SQLITE_IOERR {
                #expect(throws: DatabaseError.self, "fatal: the process must end") { try queue.turn() }
            } else {
                _ = try queue.turn()
            }
        }
        for answer in answers.values { #expect(throws: CommandUnavailable.self) { try answer.get() } }
        #expect(try harness.count("SELECT count(*) FROM totals") == 0)
    }

    @Test("stopping refuses whoever waits and whoever comes later")
    func stopping() async throws {
        let harness = try Harness()
        let queue = CommandQueue(node: harness.node, limit: 10, handler: Place())
        let answers = try await answers(["a", "b"], queue) { queue in
            let runner = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await queue.run()
            }
            try await runner.value
        }
        for answer in answers.values { #expect(throws: CommandUnavailable.self) { try answer.get() } }
        try await expectRefusal("c", queue)
        #expect(try harness.count("SELECT count(*) FROM totals") == 0)
    }

    @Test("a fatal fault ends the queue, and nobody is left waiting")
    func fatal() async throws {
        let harness = try Harness()
        let place = Place()
        place.faults.fail("x", with: DatabaseError.corrupt)
        let queue = CommandQueue(node: harness.node, limit: 10, handler: place)
        let answers = try await answers(["x", "b"], queue) { queue in
            await #expect(throws: DatabaseError.self) { try await queue.run() }
        }
        for answer in answers.values { #expect(throws: CommandUnavailable.self) { try answer.get() } }
        try await expectRefusal("c", queue)
    }

    @Test("under load every command is answered exactly once and every commit holds many", arguments: [1, 2])
    func load(seed: UInt64) async throws {
        let harness = try Harness()
        let commits = Commits()
        try harness.node.database.read { $0.add(transactionObserver: commits, extent: .observerLifetime) }
        let queue = CommandQueue(node: harness.node, limit: 10_000, handler: Place())
        let runner = Task { try await queue.run() }
        let done = await withTaskGroup(of: Bool.self) { group in
            for number in 0..<2_000 {
                group.addTask { (try? await queue.submit("s-\(seed)-\(number)")) == "done s-\(seed)-\(number)" }
            }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        runner.cancel()
        try await runner.value
        #expect(done == 2_000)
        #expect(try harness.count("SELECT count(*) FROM totals WHERE held = 1") == 2_000)
        #expect(commits.count < 1_000)
    }

    @Test("a call to the outside that no event asks for is refused")
    func callWithoutCause() throws {
        let harness = try Harness()
        #expect(throws: EventFault.self) {
            try harness.node.execute { _, now in
                CommandDecision(
                    reply: (), command: Command(key: "k", correlationID: CorrelationID(high: 1, low: 1), at: now),
                    outgoing: [.call(CallRequest(key: "c", kind: "k", subject: "s", body: []))])
            }
        }
        #expect(try harness.count("SELECT count(*) FROM intents") == 0)
    }
}

/// Counts the transactions that wrote something; fails them all if told so.
private final class Commits: TransactionObserver {
    private(set) var count = 0
    private let failing: DatabaseError?

    init(failing: DatabaseError? = nil) {
        self.failing = failing
    }

    func observes(eventsOfKind eventKind: DatabaseEventKind) -> Bool { true }
    func databaseDidChange(with event: DatabaseEvent) {}
    func databaseWillCommit() throws { if let failing { throw failing } }
    func databaseDidCommit(_ db: Database) { count += 1 }
    func databaseDidRollback(_ db: Database) {}
}

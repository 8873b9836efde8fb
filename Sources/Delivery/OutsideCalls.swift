package import Contracts
package import EventLog
import Foundation
package import GRDB
import Logging
import Synchronization

/// A call to the outside as a decision asks for it.
package struct CallRequest: Sendable {
    /// Idempotency key, derived from the order: `charge:{order}`.
    package let key: String
    package let kind: String
    package let subject: String
    /// The request's bytes: sent again unchanged as often as needed.
    package let body: [UInt8]
    /// The event that the answer's events belong to, where it is not the one being handled.
    package let cause: Envelope?
    /// When the call is to be given up rather than made again; nil for never.
    package let deadline: Timestamp?

    package init(
        key: String, kind: String, subject: String, body: [UInt8], cause: Envelope? = nil, deadline: Timestamp? = nil
    ) {
        self.key = key
        self.kind = kind
        self.subject = subject
        self.body = body
        self.cause = cause
        self.deadline = deadline
    }
}

/// A call on record: made, perhaps, and not yet answered.
package struct Intent: Sendable {
    package let key: String
    package let kind: String
    package let subject: String
    /// The event whose answer is sought, without its data.
    package let cause: Envelope
    package let request: [UInt8]
    package let deadline: Timestamp?

    /// Those without an answer, oldest first.
    package static func open(_ db: Database) throws -> [Intent] {
        try Row.fetchAll(
            db,
            sql: """
                SELECT key, kind, subject, cause, request, deadline FROM intents
                WHERE state = 'open' ORDER BY recorded_at, key
                """
        ).map { row in
            Intent(
                key: row["key"], kind: row["kind"], subject: row["subject"],
                cause: try EventCoding.decode([UInt8](row["cause"] as Data)), request: [UInt8](row["request"] as Data),
                deadline: (row["deadline"] as Int64?).map(Timestamp.init(microseconds:)))
        }
    }

    package static func exists(key: String, _ db: Database) throws -> Bool {
        try Bool.fetchOne(
            try db.cachedStatement(sql: "SELECT EXISTS (SELECT 1 FROM intents WHERE key = ?)"), arguments: [key]) ?? false
    }
}

/// Intents on their way from the transaction that recorded them to whoever makes the calls.
package final class IntentQueue: Sendable {
    package let bell = Doorbell()
    private let intents = Mutex<[Intent]>([])

    func add(_ more: [Intent]) {
        guard !more.isEmpty else { return }
        intents.withLock { $0 += more }
        bell.ring()
    }

    package func take() -> [Intent] {
        intents.withLock { intents in
            defer { intents = [] }
            return intents
        }
    }
}

/// A service's rules for its calls to the outside.
package protocol OutsideCaller: Sendable {
    associatedtype Question: Sendable
    associatedtype Answer: Sendable

    /// What to ask now: the recorded request again, or to give up, depending on what is known by now.
    func question(for intent: Intent, at now: Timestamp, in db: Database) throws -> Question

    /// - Throws: where the outcome is unknown (time-out, 5xx, a cut connection): it will be asked again.
    func ask(_ question: Question) async throws -> Answer

    /// What follows from an answer that is final.
    func settle(_ intent: Intent, _ answer: Answer, at recordedAt: Timestamp, in db: Database) throws -> [Outgoing]
}

/// Makes the calls on record, outside of any transaction, and records the answers.
///
/// *Guarantee*: an unknown outcome (time-out, 5xx, crash) ends only by a final answer bound to the key: the same bytes are
/// sent again under the same key, or the key is voided. *If broken*: a card is charged twice, or for a cancelled order.
package final class OutsideCalls<Caller: OutsideCaller> {
    private struct Retry {
        let intent: Intent
        let due: Timestamp
    }

    private let node: ServiceNode
    private let caller: Caller
    private let concurrency: Int
    private let policy: RetryPolicy
    private let randomness: any Randomness

    private var ready: [Intent] = []
    private var retries: [Retry] = []
    private var attempts: [String: Int] = [:]
    private var inFlight = 0
    private let answers = AnswerBox<Caller.Answer>()

    package init(
        node: ServiceNode, caller: Caller, concurrency: Int, policy: RetryPolicy = RetryPolicy(), randomness: any Randomness
    ) throws {
        self.node = node
        self.caller = caller
        self.concurrency = concurrency
        self.policy = policy
        self.randomness = randomness
        ready = try node.database.read { try Intent.open($0) }
    }

    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            while !Task.isCancelled {
                // Finished calls leave the group, or it would keep every one of them.
                try await settleAnswers(&group)
                ready += node.newIntents.take()
                let now = node.clock.now()
                ready += retries.filter { $0.due <= now }.map(\.intent)
                retries.removeAll { $0.due <= now }
                try start(now, &group)
                if answers.isEmpty {
                    await node.newIntents.bell.wait(until: retries.map(\.due).min(), node.clock)
                }
                await Task.yield()
            }
        }
    }

    private func start(_ now: Timestamp, _ group: inout ThrowingTaskGroup<Void, any Error>) throws {
        let batch = ready.prefix(max(0, concurrency - inFlight))
        guard !batch.isEmpty else { return }
        let questions = try node.database.read { db in
            try batch.map { ($0, try caller.question(for: $0, at: now, in: db)) }
        }
        ready.removeFirst(batch.count)
        inFlight += batch.count
        for (intent, question) in questions {
            group.addTask { [caller, answers, bell = node.newIntents.bell] in
                let answer: Result<Caller.Answer, any Error>
                do {
                    answer = .success(try await caller.ask(question))
                } catch {
                    answer = .failure(error)
                }
                answers.add(intent, answer)
                bell.ring()
            }
        }
    }

    private func settleAnswers(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let arrived = answers.take()
        guard !arrived.isEmpty else { return }
        inFlight -= arrived.count
        for _ in arrived { try await group.next() }
        var final: [(Intent, Caller.Answer)] = []
        for (intent, answer) in arrived {
            switch answer {
            case .success(let answer):
                final.append((intent, answer))
            case .failure(let error):
                postpone(intent, error)
            }
        }
        if !final.isEmpty { try await record(final) }
    }

    private func postpone(_ intent: Intent, _ error: any Error) {
        let attempt = attempts[intent.key, default: 0] + 1
        attempts[intent.key] = attempt
        let delay = policy.delay(afterAttempt: attempt, randomness)
        retries.append(Retry(intent: intent, due: node.clock.now() + delay))
        node.logger.notice(
            "the outcome of a call is unknown, it is made again under the same key",
            metadata: ["key": "\(intent.key)", "attempt": "\(attempt)", "error": "\(error)"])
    }

    /// One transaction for all answers that are there; stands while the database cannot take it.
    private func record(_ answered: [(Intent, Caller.Answer)]) async throws {
        var failures = 0
        while true {
            do {
                try commit(answered)
                for (intent, _) in answered { attempts[intent.key] = nil }
                return node.metrics.isStanding(false)
            } catch {
                guard case .environment(let reason) = Fault.classify(error) else { throw error }
                failures += 1
                node.metrics.isStanding(true)
                node.logger.error("answers wait to be recorded", metadata: ["error": "\(reason)"])
                try await node.clock.sleep(for: policy.delay(afterAttempt: failures, randomness))
            }
        }
    }

    private func commit(_ answered: [(Intent, Caller.Answer)]) throws {
        try node.transaction { transaction in
            let finish = try transaction.db.cachedStatement(sql: "UPDATE intents SET state = 'finished' WHERE key = ? AND state = 'open'")
            for (intent, answer) in answered {
                try finish.execute(arguments: [intent.key])
                guard transaction.db.changesCount == 1 else { continue }
                let recordedAt = max(node.clock.now(), intent.cause.time)
                let outgoing = try caller.settle(intent, answer, at: recordedAt, in: transaction.db)
                try transaction.carryOut(outgoing, cause: intent.cause, recordedAt: recordedAt)
            }
        }
    }
}

/// Answers on their way from the calls to the loop that records them.
private final class AnswerBox<Answer: Sendable>: Sendable {
    private let answers = Mutex<[(Intent, Result<Answer, any Error>)]>([])

    var isEmpty: Bool { answers.withLock { $0.isEmpty } }

    func add(_ intent: Intent, _ answer: Result<Answer, any Error>) {
        answers.withLock { $0.append((intent, answer)) }
    }

    func take() -> [(Intent, Result<Answer, any Error>)] {
        answers.withLock { answers in
            defer { answers = [] }
            return answers
        }
    }
}

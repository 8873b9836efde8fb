import Contracts
import EventLog
package import GRDB
import Logging
import Synchronization

/// A service's rules for its calls to the outside.
package protocol OutsideCaller: Sendable {
    associatedtype Question: Sendable
    associatedtype Answer: Sendable

    /// What to ask now: the recorded request again, or to give up, depending on what is known by now.
    ///
    /// - Parameter isOverdue: whether the time is over that the intent's deadline left it.
    func question(for intent: Intent, isOverdue: Bool, in db: Database) throws -> Question

    /// - Throws: where the outcome is unknown (time-out, 5xx, a cut connection): it will be asked again. `Unreachable`
    ///   where nothing was asked, nor could be by any other call.
    func ask(_ question: Question) async throws -> Answer

    /// What follows from an answer that is final.
    func settle(_ intent: Intent, _ answer: Answer, isOverdue: Bool, in db: Database) throws -> [Outgoing]
}

/// Makes the calls on record, outside of any transaction, and records the answers.
///
/// *Guarantee*: an unknown outcome (time-out, 5xx, crash) ends only by a final answer bound to the key: the same bytes are
/// sent again under the same key, or the key is voided. *If broken*: a card is charged twice, or for a cancelled order.
package final class OutsideCalls<Caller: OutsideCaller> {
    private struct Retry {
        let intent: Intent
        let due: MonotonicTime
    }

    private let node: ServiceNode
    private let caller: Caller
    private let concurrency: Int
    private let policy: RetryPolicy
    private let randomness: any Randomness
    private let callExecutor: (any TaskExecutor)?

    private var ready = Fifo<Intent>()
    /// Open intents may be in the database that are not pursued yet.
    private var hasMore = true
    /// How far the search for them has come, and whether it found any since it began.
    private var searchedTo = ""
    private var foundSome = false
    private var retries: [Retry] = []
    private var nextRetry: MonotonicTime?
    /// Keys on their way from `ready` to a recorded answer, with when they are overdue: an intent found at the start may also
    /// be announced.
    private var pursued: [String: MonotonicTime] = [:]
    private var attempts: [String: Int] = [:]
    private var inFlight = 0
    private var breaker: CircuitBreaker
    private let answers = AnswerBox<Caller.Answer>()

    /// - Parameters:
    ///   - name: of the other side, for operators.
    ///   - concurrency: calls under way at most.
    ///   - callExecutor: where the calls run; nil for the cooperative pool: a preference that is nil is not inherited.
    package init(
        node: ServiceNode, name: String = "outside", caller: Caller, concurrency: Int,
        policy: RetryPolicy = RetryPolicy(),
        randomness: any Randomness, callExecutor: (any TaskExecutor)? = nil
    ) throws {
        self.node = node
        self.caller = caller
        self.concurrency = concurrency
        self.policy = policy
        self.randomness = randomness
        self.callExecutor = callExecutor
        breaker = CircuitBreaker(name: name)
        #if MUTANTS
            hasMore = !Mutant.openCallsForgotten.isOn
        #endif
        node.standing.note(breaker.status(at: node.clock.read()))
        node.metrics.circuitBreaker(breaker.status(at: node.clock.read()))
    }

    /// Intents pursued at most: what is open beyond them waits in the database, so that a service that catches up on a
    /// million events needs no more memory than on a thousand.
    package static var window: Int { 8192 }
    private static var page: Int { 1024 }

    /// Until cancelled, or a fatal fault. Calls under way are then cancelled; their intents stay open.
    package func run() async throws {
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                defer { group.cancelAll() }
                while !Task.isCancelled {
                    try await settleAnswers(&group)
                    try await takeNew()
                    takeDueRetries(node.clock.monotonic())
                    try await start(&group)
                    if answers.isEmpty {
                        await node.newIntents.bell.wait(until: nextTurn, node.clock)
                    }
                    await Task.yield()
                }
            }
        } catch is CancellationError where Task.isCancelled {
            return
        }
    }

    // MARK: - Asking

    /// When there is something to do without a bell.
    private var nextTurn: MonotonicTime? {
        let probe = ready.count > 0 && inFlight == 0 ? breaker.nextProbe : nil
        return [nextRetry, probe].compactMap(\.self).min()
    }

    private func takeNew() async throws {
        let (intents, hasOverflowed) = node.newIntents.take()
        if hasOverflowed { lookAgain() }
        for intent in intents {
            if pursued.count < Self.window { pursue(intent) } else { lookAgain() }
        }
        while hasMore, pursued.count + Self.page <= Self.window { try await search() }
    }

    /// Where they are is not known: one whole pass from now on must look for them.
    private func lookAgain() {
        hasMore = true
        foundSome = true
    }

    /// A page of the open intents in the order of their keys; over when a whole pass found none that is not pursued.
    private func search() async throws {
        let page = try await standing("open calls wait to be read") {
            try node.database.read { try Intent.open(after: searchedTo, limit: Self.page, $0) }
        }
        for intent in page { pursue(intent) }
        searchedTo = page.last?.key ?? ""
        guard page.count < Self.page else { return }
        hasMore = foundSome
        searchedTo = ""
        foundSome = false
    }

    private func pursue(_ intent: Intent) {
        guard pursued[intent.key] == nil else { return }
        let now = node.clockHistory.read()
        pursued[intent.key] = node.timeLeft(of: intent, at: now).map { now.monotonic + $0 } ?? .never
        ready.append(intent)
        foundSome = true
    }

    private func isOverdue(_ intent: Intent) -> Bool {
        pursued[intent.key].map { node.clock.monotonic() >= $0 } ?? false
    }

    private func takeDueRetries(_ now: MonotonicTime) {
        guard let nextRetry, nextRetry <= now else { return }
        for retry in retries where retry.due <= now { ready.append(retry.intent) }
        retries.removeAll { $0.due <= now }
        self.nextRetry = retries.map(\.due).min()
    }

    /// Fills what room there is; a call whose question cannot be put leaves its room to the next.
    private func start(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let limit = breaker.limit(concurrency, at: node.clock.read())
        while ready.count > 0, inFlight < limit {
            try await start(ready.take(limit - inFlight), &group)
        }
        // A probe is out: seen from outside the breaker is half open.
        if inFlight > 0, breaker.nextProbe != nil {
            node.standing.note(breaker.status(at: node.clock.read()))
        }
    }

    private func start(_ batch: [Intent], _ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let questions = try await standing("calls wait to be made") {
            try node.database.read { db in
                try batch.map { intent in (intent, try question(for: intent, db)) }
            }
        }
        for (intent, question) in questions {
            switch question {
            case .failure(let error):
                postpone(intent, error)
            case .success(let question):
                inFlight += 1
                let call = TracedCall(caller: caller, question: question, intent: intent, node: node)
                group.addTask(executorPreference: callExecutor) { [answers] in
                    answers.add(intent, await call.answer())
                    call.node.newIntents.bell.ring()
                }
            }
        }
    }

    /// What to ask; a failure where the rules of this one call break, which must not hold up the others.
    private func question(for intent: Intent, _ db: Database) throws -> Result<Caller.Question, any Error> {
        do {
            return .success(try caller.question(for: intent, isOverdue: isOverdue(intent), in: db))
        } catch let error where !error.isOutage {
            return .failure(error)
        }
    }

    private func postpone(_ intent: Intent, _ error: any Error) {
        let attempt = attempts[intent.key, default: 0] + 1
        attempts[intent.key] = attempt
        let now = node.clock.read()
        let pause = policy.delay(afterAttempt: attempt, randomness)
        let due = now.monotonic + pause
        retries.append(Retry(intent: intent, due: due))
        nextRetry = min(nextRetry ?? due, due)
        node.standing.note(
            Standing.Retry(
                key: intent.key, attempts: attempt, error: Redaction.of("\(error)"), nextAt: now.wall + pause))
        node.logger.notice(
            "the outcome of a call is unknown, it is made again under the same key",
            metadata: node.about(intent.cause).merging(
                ["key": "\(intent.key)", "attempt": "\(attempt)", "error": "\(error)"]) { $1 })
    }

    // MARK: - Answers

    private func settleAnswers(_ group: inout ThrowingTaskGroup<Void, any Error>) async throws {
        let arrived = answers.take()
        guard !arrived.isEmpty else { return }
        inFlight -= arrived.count
        // Finished calls leave the group, or it would keep every one of them.
        for _ in arrived { try await group.next() }
        var final: [(Intent, Caller.Answer)] = []
        for (intent, answer) in arrived {
            switch answer {
            case .success(let answer):
                node.metrics.called(.answered)
                final.append((intent, answer))
                if breaker.answered(at: node.clock.read()) { closed() }
            case .failure(let error as Unreachable):
                node.metrics.called(.unreachable)
                ready.append(intent)
                if breaker.unreachable(Redaction.of(error.reason), at: node.clock.read(), policy, randomness) {
                    tripped()
                }
            case .failure(let error):
                node.metrics.called(.unknown)
                postpone(intent, error)
                if breaker.failed(Redaction.of("\(error)"), at: node.clock.read(), policy, randomness) { tripped() }
            }
        }
        if !final.isEmpty { try await record(final) }
    }

    private func tripped() {
        let status = breaker.status(at: node.clock.read())
        node.tripped(status)
        node.logger.error(
            "calls wait until the other side answers",
            metadata: ["waiting": "\(ready.count)", "error": "\(status.reason ?? "")"])
    }

    private func closed() {
        node.tripped(breaker.status(at: node.clock.read()))
        node.logger.notice("calls are made again", metadata: ["waiting": "\(ready.count)"])
    }

    /// One transaction for all answers that are there. If one breaks it, each in its own; that one is asked again later,
    /// so that it stays on record and holds up nobody.
    private func record(_ answered: [(Intent, Caller.Answer)]) async throws {
        do {
            try await standing("answers wait to be recorded") {
                try node.settle(answered, notBefore: { isOverdue($0) ? $0.deadline : nil }) { intent, answer, _, db in
                    try caller.settle(intent, answer, isOverdue: isOverdue(intent), in: db)
                }
            }
            for (intent, _) in answered {
                if attempts.removeValue(forKey: intent.key) != nil { node.standing.forgetRetry(of: intent.key) }
                pursued[intent.key] = nil
            }
        } catch let error where !error.isOutage && !(error is CancellationError) {
            if answered.count > 1 {
                for one in answered { try await record([one]) }
            } else {
                for (intent, _) in answered { postpone(intent, error) }
            }
        }
    }

    /// Tries until the environment lets it; any other fault goes to the caller.
    private func standing<Value>(_ what: Logger.Message, _ body: () throws -> Value) async throws -> Value {
        var failures = 0
        while true {
            do {
                let value = try body()
                if failures > 0 { node.stands("outside calls", because: nil) }
                return value
            } catch {
                guard case .environment(let reason) = Fault.classify(error) else { throw error }
                failures += 1
                node.stands("outside calls", because: reason)
                node.logger.error(what, metadata: ["error": "\(reason)", "failures": "\(failures)"])
                try await node.clock.sleep(for: policy.delay(afterAttempt: failures, randomness))
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

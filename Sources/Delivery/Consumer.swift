import Contracts
package import EventLog
import GRDB
import Logging

/// Reads a service's topics and handles each event once: the loop that every service runs.
///
/// A turn takes a batch of events and commits, in one transaction: what they did, what they make (outbox, intents), that
/// they were seen (inbox), and how far was read (position). First without savepoints; if an event throws, the batch is
/// rolled back and run again with one savepoint an event, so that only its own effects are undone.
///
/// Not shared between tasks; its calls block, so it runs off the cooperative pool.
package final class Consumer {
    package struct Limits: Sendable {
        /// Events a transaction.
        package var batchEvents = 512
        package var batchBytes = 1 << 20
        /// Events set aside at a time; at the bound the consumer takes one event at a time, and stands before one that
        /// would have to be parked.
        package var parkedEvents = 10_000
        /// How long ids stay in the inbox.
        package var inboxWindow = Duration.seconds(7 * 86_400)
        /// For tests.
        package var disorder = DeliveryDisorder()

        package init() {}
    }

    /// What a turn came to.
    package enum Turn: Equatable, Sendable {
        case worked
        /// Nothing to do before that time, or before the log grows.
        case idle(until: MonotonicTime?)
    }

    private let node: ServiceNode
    private let intake: Intake
    private let processor: EventProcessor
    private let desk: Desk
    private let operators: OperatorQueue?
    private let policy: RetryPolicy
    private let limits: Limits
    private let randomness: any Randomness

    private var parking: Parking
    private var trials: Trials
    private var pause: Pause?
    /// Taken from the log and not committed yet; kept over a fault of the environment.
    private var batch = Intake.Batch()
    /// Events a batch: fewer while parking is full, and for a while after.
    private var pace: Int
    private var isSlowed = false
    /// Batches that run with savepoints at once, because events failed lately.
    private var carefulBatches = 0
    private var lastWork: MonotonicTime
    /// Since the start, committed turns only.
    package private(set) var counts = ConsumerCounts()
    private var turnCounts = ConsumerCounts()

    /// Reads what is set aside, and counts the death that the last process may have died.
    package init(
        node: ServiceNode, log: any EventLog, randomness: any Randomness, policy: RetryPolicy = RetryPolicy(),
        limits: Limits = Limits(), watch: any DeathWatch = NoDeathWatch(), operators: OperatorQueue? = nil
    ) throws {
        self.node = node
        self.randomness = randomness
        self.policy = policy
        self.limits = limits
        self.operators = operators
        pace = limits.batchEvents
        processor = EventProcessor(node: node, watch: watch)
        desk = Desk(node: node, processor: processor, inboxWindow: limits.inboxWindow)
        lastWork = node.clock.monotonic()
        (parking, trials, pause) = try node.database.read { db in
            let parking = try Parking(limit: limits.parkedEvents, policy: policy, clock: node.clockHistory, db)
            return (parking, try Trials(db), try Pause.load(db))
        }
        intake = try Intake(node: node, log: log, limits: limits)
        node.standing.note(pause)
        node.metrics.isPaused(pause != nil)
        if let death = watch.lastDeath() {
            try record(death)
            watch.acknowledge()
        }
    }

    package func close() {
        intake.close()
        operators?.close("the service is stopping")
    }

    // MARK: - Turns

    /// One turn: what operators ask, due retries, then one batch, so that none keeps the others waiting.
    ///
    /// - Throws: only for faults of the environment (nothing has changed; call again later) and fatal ones.
    package func turn() throws -> Turn {
        try operators?.serve(carryOut)
        if pause != nil { return .idle(until: nil) }
        let now = node.clockHistory.read()
        let retried = try retryDue(now)
        let tried = try tryAgain(now)
        if batch.isEmpty { batch = try intake.next(pace) }
        if batch.isEmpty { return retried || tried ? .worked : .idle(until: nextTurn) }
        #if MUTANTS
            if Mutant.positionBeforeEffects.isOn {
                try node.database.transaction { try intake.storePositions(batch, $0) }
            }
        #endif
        do {
            try commitBatch()
        } catch let full as ParkingFull {
            return try slowDown(full, retried || tried, now)
        }
        if isSlowed { speedUp() }
        node.metrics.read(batch.events.count)
        batch.removeAll()
        lastWork = now.monotonic
        return .worked
    }

    /// When there is something to do without a bell.
    private var nextTurn: MonotonicTime? {
        let trial = parking.nextTrial.map { min($0, lastWork + policy.quiet) }
        return [parking.nextDue, trial].compactMap(\.self).min()
    }

    private func commitBatch() throws {
        if carefulBatches > 0 {
            carefulBatches -= 1
            return try commitOneByOne()
        }
        do {
            try transact { transaction in
                for event in batch.events { try handle(event, transaction) }
                try finish(transaction)
            }
        } catch {
            switch Fault.classify(error) {
            case .environment, .fatal: throw error
            case .permanent, .event, .trap: break
            }
            carefulBatches = Self.carefulAfterFault
            try commitOneByOne()
        }
    }

    /// Batches after one with a fault: where one event fails, others often do, and a batch that is run twice costs more
    /// than its savepoints.
    private static let carefulAfterFault = 64

    private func commitOneByOne() throws {
        try transact { transaction in
            for event in batch.events {
                let counted = turnCounts
                try transaction.inSavepoint {
                    try handle(event, transaction)
                } onFault: { fault in
                    turnCounts = counted
                    try setAside(event, fault, node.clockHistory.read(), transaction)
                }
            }
            try finish(transaction)
        }
    }

    private func finish(_ transaction: DeliveryTransaction) throws {
        try intake.storePositions(batch, transaction.db)
        // Twice what came, so that it keeps up and each bite stays small.
        let end = node.clockHistory.earliest(withAge: limits.inboxWindow, at: node.clockHistory.read())
        try Inbox.prune(before: end, limit: 2 * batch.events.count, transaction.db)
    }

    /// One transaction; what is counted or set aside in it counts once it is committed.
    private func transact<Value>(_ body: (DeliveryTransaction) throws -> Value) throws -> Value {
        turnCounts = ConsumerCounts()
        let before = (parking, trials)
        do {
            let value = try node.transaction(body)
            counts += turnCounts
            node.metrics.add(turnCounts)
            return value
        } catch {
            (parking, trials) = before
            throw error
        }
    }

    // MARK: - Back-pressure

    private func slowDown(_ full: ParkingFull, _ worked: Bool, _ now: ClockReading) throws -> Turn {
        if !isSlowed { node.logger.error("the consumer slows down", metadata: ["reason": "\(full)"]) }
        isSlowed = true
        node.stands(Self.part, because: full.description)
        if pace > 1 {
            pace = 1
            batch.removeAll()
            try intake.rewind()
            return .worked
        }
        let wait = now.monotonic + Self.waitForRoom
        return worked ? .worked : .idle(until: min(nextTurn ?? wait, wait))
    }

    private func speedUp() {
        pace = min(limits.batchEvents, pace * 2)
        isSlowed = pace < limits.batchEvents
        node.stands(Self.part, because: nil)
    }

    static let part = "consumer"
    private static let waitForRoom = Duration.seconds(1)

    // MARK: - One event

    /// Everything one event does, or a throw.
    private func handle(_ logged: LoggedEvent, _ transaction: DeliveryTransaction) throws {
        guard processor.isSubscribed(try EventCoding.type(of: logged.bytes), logged.topic) else {
            return turnCounts.skipped += 1
        }
        let envelope = try EventCoding.decode(logged.bytes)
        guard processor.concerns(envelope, logged.topic) else { return turnCounts.skipped += 1 }
        if parking.hasRows, try Parking.holds(envelope.id, transaction.db) { return turnCounts.duplicates += 1 }
        let subject = Parking.subject(of: envelope, at: logged)
        if parking.subjects.contains(subject) {
            if try Inbox.contains(envelope.id, transaction.db) { return turnCounts.duplicates += 1 }
            turnCounts.parked += 1
            return try parking.park(
                logged, id: envelope.id, subject: subject, failure: nil, transaction.db)
        }
        if !trials.isEmpty, let trial = trials.trial(of: logged) {
            return try setAside(logged, trial.fault, node.clockHistory.read(), transaction)
        }
        count(try processor.apply(logged, envelope, transaction))
    }

    private func count(_ outcome: EventProcessor.Outcome) {
        switch outcome {
        case .skipped: turnCounts.skipped += 1
        case .duplicate: turnCounts.duplicates += 1
        case .handled: turnCounts.handled += 1
        }
    }

    // MARK: - Faults

    /// First failure of an event: parked for its next attempt, or buried where no attempt can heal it.
    private func setAside(
        _ logged: LoggedEvent, _ fault: Fault, _ now: ClockReading, _ transaction: DeliveryTransaction
    ) throws {
        let envelope = try? EventCoding.decode(logged.bytes)  // bytes that are no event are buried without one
        if envelope == nil, try DeadLetters.holds(logged.topic, logged.offset, transaction.db) {
            return turnCounts.duplicates += 1
        }
        let id = envelope?.id ?? DerivedID.unreadable(topic: logged.topic, offset: logged.offset, at: now.wall)
        let decision = policy.decision(fault, earlierAttempts: 0, at: now, randomness)
        transaction.add(node.tracing.failed(logged, envelope, since: now, decision.failure(of: fault)))
        switch decision {
        case .tryAgain(let failure):
            node.logger.warning(
                "an event failed, next attempt follows", metadata: node.place(logged, envelope, failure.error))
            turnCounts.failed += 1
            let subject = Parking.subject(of: envelope, at: logged)
            try parking.park(logged, id: id, subject: subject, failure: failure, transaction.db)
        case .bury(let kind, let error, let attempts):
            let death = DeadLetters.Death(
                id: id, envelope: envelope, kind: kind, error: error, attempts: attempts, firstFailedAt: now.wall)
            try bury(logged, death, now, transaction)
        }
    }

    private func bury(
        _ logged: LoggedEvent, _ death: DeadLetters.Death, _ now: ClockReading, _ transaction: DeliveryTransaction
    ) throws {
        node.logger.error("an event is dead", metadata: node.place(logged, death.envelope, death.error))
        turnCounts.buried += 1
        try DeadLetters.bury(logged, death, now: now.wall, node, transaction)
        try trials.close(logged, transaction.db)
        parking.hold(Parking.subject(of: death.envelope, at: logged))
    }

    // MARK: - Retries

    private func retryDue(_ now: ClockReading) throws -> Bool {
        guard let due = parking.nextDue, due <= now.monotonic else { return false }
        try transact { transaction in
            for parked in try parking.due(at: now.monotonic, transaction.db) { try attempt(parked, now, transaction) }
            parking.findNextDue()
        }
        return true
    }

    /// An event that killed the process, alone in its transaction.
    private func tryAgain(_ now: ClockReading) throws -> Bool {
        guard let due = parking.nextTrial, due <= now.monotonic || now.monotonic - lastWork >= policy.quiet else {
            return false
        }
        try transact { transaction in
            if let parked = try parking.nextTrial(transaction.db) { try attempt(parked, now, transaction) }
            parking.findNextDue()
        }
        return true
    }

    private func attempt(_ parked: Parking.Parked, _ now: ClockReading, _ transaction: DeliveryTransaction) throws {
        let counted = turnCounts
        try transaction.inSavepoint {
            let envelope = try EventCoding.decode(parked.logged.bytes)
            count(try processor.apply(parked.logged, envelope, attempt: parked.attempts + 1, transaction))
            try parking.remove(parked, transaction.db)
            try trials.close(parked.logged, transaction.db)
            try parking.goOn(parked.subject, now: now, transaction.db)
        } onFault: { fault in
            turnCounts = counted
            try failedAgain(parked, fault, now, transaction)
        }
    }

    private func failedAgain(
        _ parked: Parking.Parked, _ fault: Fault, _ now: ClockReading, _ transaction: DeliveryTransaction
    ) throws {
        let decision = policy.decision(fault, earlierAttempts: parked.attempts, at: now, randomness)
        let envelope = try? EventCoding.decode(parked.logged.bytes)  // bytes that are no event have no span
        transaction.add(node.tracing.failed(parked.logged, envelope, since: now, decision.failure(of: fault)))
        switch decision {
        case .tryAgain(let failure):
            turnCounts.failed += 1
            try parking.postpone(parked, failure, transaction.db)
        case .bury(let kind, let error, let attempts):
            try parking.remove(parked, transaction.db)
            let death = DeadLetters.Death(
                id: parked.id, envelope: envelope, kind: kind, error: error, attempts: attempts,
                firstFailedAt: parked.firstFailedAt ?? now.wall)
            try bury(parked.logged, death, now, transaction)
        }
    }

    // MARK: - Deaths

    /// The last process died of a trap on an event: on record, and laid at the door of the row that it died on.
    ///
    /// An event that the consumer was just reading is set aside when it comes again.
    private func record(_ death: Death) throws {
        let now = node.clockHistory.read()
        node.logger.error(
            "the process died while it handled an event",
            metadata: ["topic": "\(death.topic)", "offset": "\(death.offset)", "signal": "\(death.signal)"])
        try transact { transaction in
            try trials.count(death, at: now.wall, transaction.db)
            let place = LoggedEvent(topic: death.topic, offset: death.offset, bytes: [])
            guard let trial = trials.trial(of: place) else { return }
            if let parked = try Parking.parked(death.topic, death.offset, transaction.db) {
                try failedAgain(parked, trial.fault, now, transaction)
                parking.findNextDue()
                // It died of a trial, so the moment was quiet, and still is: the next one need not wait for another.
                lastWork = now.monotonic - policy.quiet
            } else if let letter = try Letter.open(death.topic, death.offset, transaction.db) {
                try desk.failed(letter, trial.fault, by: .service, now, transaction)
                try trials.close(place, transaction.db)
            }
        }
    }

    // MARK: - Operators

    private func carryOut(_ request: OperatorRequest) throws -> OperatorReply {
        switch request {
        case .pause(let reason, let actor):
            return try change(to: Pause(since: node.clock.now(), actor: actor.name, reason: reason))
        case .resume:
            return try change(to: nil)
        default:
            return try transact { transaction in
                try desk.carryOut(request, &parking, at: node.clockHistory.read(), transaction)
            }
        }
    }

    private func change(to new: Pause?) throws -> OperatorReply {
        guard (pause == nil) != (new == nil) else { return .consumer(changed: false) }
        try node.database.transaction { try Pause.store(new, $0) }
        pause = new
        node.standing.note(new)
        node.metrics.isPaused(new != nil)
        node.logger.notice(new == nil ? "the consumer goes on" : "the consumer is paused")
        return .consumer(changed: true)
    }
}

package import Contracts
package import EventLog
package import GRDB
package import Logging
package import Tracing

/// What the parts of one service share: its card, its database, its clock, and who wants to know of a commit.
package final class ServiceNode: Sendable {
    package let card: ServiceCard
    package let database: ServiceDatabase
    package let clock: any ServiceClock
    package let clockHistory: ClockHistory
    package let logger: Logger
    package let metrics: DeliveryMetrics
    package let tracing: ServiceTracing
    /// Rung after a commit that may have filled the outbox.
    package let outboxBell = Doorbell()
    /// Rung after a commit that recorded calls to the outside; they wait in `newIntents`.
    package let newIntents = IntentQueue()
    package let standing = Standing()
    private let facts: [String: OwnFact]

    /// Creates the tables where they are missing, and brings those of an older version up to this one.
    ///
    /// - Parameter tracer: nil where no spans are recorded.
    /// - Throws: `DatabaseRefused` where the database is of another version, or does not take its own rows.
    package init(
        card: ServiceCard, database: ServiceDatabase, clock: any ServiceClock, logger: Logger,
        tracer: (any Tracer)? = nil
    ) throws {
        self.card = card
        self.database = database
        self.clock = clock
        self.logger = logger
        metrics = DeliveryMetrics(service: card.name)
        facts = Dictionary(uniqueKeysWithValues: card.facts.map { ($0.type, $0) })
        do {
            clockHistory = try database.transaction { db in
                try DatabaseVersion.bringUp(db, path: database.path) { db in
                    try DeliveryTables.create(db)
                    try card.createTables(db)
                }
                return try ClockHistory(clock, db)
            }
        } catch let error as DatabaseError where [.SQLITE_CONSTRAINT, .SQLITE_ERROR].contains(error.resultCode) {
            throw DatabaseRefused(path: database.path, reason: error.message ?? "its schema is another one")
        }
        tracing = ServiceTracing(tracer: tracer, service: card.name, clock: clockHistory)
    }

    /// One transaction with everything it emits; whoever passes on its outbox and its calls is woken after the commit.
    func transaction<Value>(_ body: (DeliveryTransaction) throws -> Value) throws -> Value {
        let start = clock.monotonic()
        let (value, fillsOutbox, transaction) = try database.transaction { db in
            let transaction = DeliveryTransaction(db, card, facts)
            #if MUTANTS
                defer { if Mutant.callBeforeCommit.isOn { newIntents.add(transaction.newIntents) } }
            #endif
            let value = try body(transaction)
            return (value, try transaction.finish(), transaction)
        }
        metrics.committed(in: clock.monotonic() - start)
        if fillsOutbox { outboxBell.ring() }
        newIntents.add(transaction.newIntents)
        for anomaly in transaction.anomalies { report(anomaly) }
        tracing.record(transaction.spans)
        return value
    }

    /// One command on its own, for whatever has no queue: timers, seeding.
    package func execute<Reply>(_ body: (Database, Timestamp) throws -> CommandDecision<Reply>) throws -> Reply {
        try transaction { transaction in
            let decision = try body(transaction.db, clock.now())
            if let command = decision.command { try transaction.carryOut(decision.outgoing, command: command) }
            return decision.reply
        }
    }

    /// Several commands in one transaction, as a timer finds them.
    package func executeAll<Reply>(_ body: (Database, Timestamp) throws -> [CommandDecision<Reply>]) throws -> [Reply] {
        try transaction { transaction in
            try body(transaction.db, clock.now()).map { decision in
                if let command = decision.command { try transaction.carryOut(decision.outgoing, command: command) }
                return decision.reply
            }
        }
    }

    /// Notes that a part waits for the environment to heal; that it goes on where the reason is nil.
    func stands(_ part: String, because reason: String?) {
        standing.note(part, because: reason)
        metrics.isStanding(reason != nil, part: part)
    }

    private func report(_ anomaly: DeliveryTransaction.Anomaly) {
        metrics.anomaly()
        logger.error(
            "an event cannot follow; it is kept as an anomaly",
            metadata: about(anomaly.event).merging(["reason": "\(anomaly.text)"]) { $1 })
    }

    /// Notes the state of a circuit breaker: while it is not closed, that part stands.
    func tripped(_ circuit: CircuitBreaker.Status) {
        standing.note(circuit)
        stands("calls to \(circuit.name)", because: circuit.reason)
        metrics.circuitBreaker(circuit)
    }

    /// How much of the time is left that an intent's deadline gave it when its cause was stamped; nil where it has none.
    package func timeLeft(of intent: Intent, at now: ClockReading) -> Duration? {
        intent.deadline.map { $0 - intent.cause.time - clockHistory.age(of: intent.cause.time, at: now) }
    }

    // MARK: - Words for the log

    /// Which event it is, and where it stands in the log.
    func place(_ logged: LoggedEvent, _ envelope: Envelope?, _ error: String? = nil) -> Logger.Metadata {
        var metadata = envelope.map(about) ?? [:]
        metadata["topic"] = "\(logged.topic)"
        metadata["offset"] = "\(logged.offset)"
        if let error { metadata["error"] = "\(error)" }
        return metadata
    }

    /// Which event it is, and whose.
    func about(_ event: Envelope) -> Logger.Metadata {
        [
            "eventId": "\(event.id)", "type": "\(event.type)", "correlationId": "\(event.correlationID)",
            event.orderID == nil ? "subject" : "orderId": "\(event.subject)",
        ]
    }
}

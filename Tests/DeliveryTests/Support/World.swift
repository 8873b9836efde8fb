import Contracts
import Delivery
import GRDB

/// A tiny world: `order` says Ordered and Withdrawn, `payment` says Paid; `inventory` keeps totals, says Held for each
/// Ordered, and calls out for each Withdrawn; `order` answers each Held with Closed.
enum World {
    struct Ordered: EventPayload {
        static let type = "v1.Ordered"
        var quantity: Int64 = 1
        /// Each in the Held events that follow; more than one makes an event of several.
        var parts: Int64 = 1
        /// Makes the last of the Held events that large.
        var padding: Int64 = 0
    }

    struct Withdrawn: EventPayload {
        static let type = "v1.Withdrawn"
        var key: String
        /// Adds an event of that size behind the call.
        var padding: Int64 = 0
    }

    struct Paid: EventPayload {
        static let type = "v1.Paid"
        var amount: Int64
    }

    struct Held: EventPayload {
        static let type = "v1.Held"
        var quantity: Int64
        var padding: String = ""
    }

    struct Returned: EventPayload {
        static let type = "v1.Returned"
        var answer: String
    }

    struct Closed: EventPayload {
        static let type = "v1.Closed"
    }

    // MARK: - Inventory

    static func inventory(_ faults: Faults) -> ServiceCard {
        ServiceCard(
            name: .inventory,
            subscriptions: [
                Subscription(.orders, OnOrdered(faults: faults)), Subscription(.orders, OnWithdrawn(faults: faults)),
                Subscription(.payments, OnPaid(faults: faults)),
            ],
            facts: [OwnFact(ApplyHeld(faults: faults)), OwnFact(ApplyReturned())],
            discards: [
                Discard(Ordered.self) { event, _, _ in [.event(Returned(answer: "given up"), subject: event.subject)] }
            ],
            digest: [
                DigestTable(
                    "totals", key: ["subject"],
                    columns: ["subject", "ordered", "withdrawn", "paid", "held", "returned", "last_held", "last_fact"])
            ],
            createTables: { db in
                try db.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS totals (
                            subject TEXT PRIMARY KEY, ordered INTEGER NOT NULL DEFAULT 0, withdrawn INTEGER NOT NULL DEFAULT 0,
                            paid INTEGER NOT NULL DEFAULT 0, held INTEGER NOT NULL DEFAULT 0, returned INTEGER NOT NULL DEFAULT 0,
                            last_held INTEGER, last_fact INTEGER);
                        -- What happened in which order: for the tests alone, no part of the digest.
                        CREATE TABLE IF NOT EXISTS journal (
                            n INTEGER PRIMARY KEY AUTOINCREMENT, event_id BLOB NOT NULL, subject TEXT NOT NULL,
                            type TEXT NOT NULL);
                        """)
            })
    }

    /// Sums, so that the order of topics does not matter and a second application shows.
    static func add(_ amount: Int64, to column: String, of subject: String, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO totals (subject, \(column)) VALUES (?1, ?2)
                ON CONFLICT (subject) DO UPDATE SET \(column) = \(column) + ?2
                """,
            arguments: [subject, amount])
    }

    static func journal(_ envelope: Envelope, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO journal (event_id, subject, type) VALUES (?, ?, ?)",
            arguments: [envelope.id.description, envelope.subject, envelope.type])
    }

    struct OnOrdered: EventHandler {
        let faults: Faults

        func apply(_ event: Delivered<Ordered>, in db: Database) throws {
            try faults.check(event.envelope.subject, Ordered.type, .apply)
            try World.add(event.payload.quantity, to: "ordered", of: event.envelope.subject, db)
            try db.execute(
                sql: "UPDATE totals SET last_fact = max(coalesce(last_fact, 0), ?) WHERE subject = ?",
                arguments: [event.recordedAt.microseconds, event.envelope.subject])
        }

        func decide(_ event: Delivered<Ordered>, in db: Database) throws -> [Outgoing] {
            try faults.check(event.envelope.subject, Ordered.type, .decide)
            try World.journal(event.envelope, db)
            let padding = String(repeating: "x", count: Int(event.payload.padding))
            return (1...max(1, event.payload.parts)).prefix(Int(event.payload.parts)).map { part in
                let held = Held(quantity: event.payload.quantity, padding: part == event.payload.parts ? padding : "")
                return .event(held, subject: event.envelope.subject)
            }
        }
    }

    struct OnWithdrawn: EventHandler {
        let faults: Faults

        func apply(_ event: Delivered<Withdrawn>, in db: Database) throws {
            try faults.check(event.envelope.subject, Withdrawn.type, .apply)
            try World.add(1, to: "withdrawn", of: event.envelope.subject, db)
        }

        func decide(_ event: Delivered<Withdrawn>, in db: Database) throws -> [Outgoing] {
            try World.journal(event.envelope, db)
            let request = CallRequest(
                key: event.payload.key, kind: "return", subject: event.envelope.subject,
                body: Array("give back \(event.payload.key)".utf8))
            try faults.check(event.envelope.subject, Withdrawn.type, .decide)
            guard event.payload.padding > 0 else { return [.call(request)] }
            let answer = String(repeating: "x", count: Int(event.payload.padding))
            return [.call(request), .event(Returned(answer: answer), subject: event.envelope.subject)]
        }
    }

    struct OnPaid: EventHandler {
        let faults: Faults

        func apply(_ event: Delivered<Paid>, in db: Database) throws {
            try faults.check(event.envelope.subject, Paid.type, .apply)
            try World.add(event.payload.amount, to: "paid", of: event.envelope.subject, db)
        }

        func decide(_ event: Delivered<Paid>, in db: Database) throws -> [Outgoing] {
            try World.journal(event.envelope, db)
            try faults.check(event.envelope.subject, Paid.type, .decide)
            return []
        }
    }

    struct ApplyHeld: FactApplier {
        let faults: Faults

        func apply(_ fact: Delivered<Held>, in db: Database) throws {
            try World.add(fact.payload.quantity, to: "held", of: fact.envelope.subject, db)
            try db.execute(
                sql: "UPDATE totals SET last_held = ? WHERE subject = ?",
                arguments: [fact.time.microseconds, fact.envelope.subject])
            try faults.check(fact.envelope.subject, Held.type, .fact)
        }
    }

    struct ApplyReturned: FactApplier {
        func apply(_ fact: Delivered<Returned>, in db: Database) throws {
            try World.add(1, to: "returned", of: fact.envelope.subject, db)
        }
    }

    // MARK: - Order

    static func order() -> ServiceCard {
        ServiceCard(
            name: .order, subscriptions: [Subscription(.inventory, OnHeld())],
            facts: [OwnFact(ApplyClosed()), OwnFact(ApplyOrdered())],
            digest: [DigestTable("closed", key: ["subject"], columns: ["subject", "times"])],
            createTables: { db in
                try db.execute(
                    sql: """
                        CREATE TABLE IF NOT EXISTS closed (
                            subject TEXT PRIMARY KEY, times INTEGER NOT NULL DEFAULT 0, ordered INTEGER NOT NULL DEFAULT 0);
                        """)
            })
    }

    struct OnHeld: EventHandler {
        func decide(_ event: Delivered<Held>, in db: Database) throws -> [Outgoing] {
            [.event(Closed(), subject: event.envelope.subject)]
        }
    }

    struct ApplyClosed: FactApplier {
        func apply(_ fact: Delivered<Closed>, in db: Database) throws {
            try db.execute(
                sql: "INSERT INTO closed (subject, times) VALUES (?, 1) ON CONFLICT DO UPDATE SET times = times + 1",
                arguments: [fact.envelope.subject])
        }
    }

    struct ApplyOrdered: FactApplier {
        func apply(_ fact: Delivered<Ordered>, in db: Database) throws {
            try db.execute(
                sql:
                    "INSERT INTO closed (subject, ordered) VALUES (?, ?) ON CONFLICT DO UPDATE SET ordered = ordered + ?2",
                arguments: [fact.envelope.subject, fact.payload.quantity])
        }
    }
}

import Contracts
import Foundation
import GRDB

// The dead-letter desk in miniature: what dies, what waits behind it, and what an operator does about it.

extension Shop {
    /// Stands for bytes that are no event.
    static func noEvent(_ bytes: [UInt8]) -> Envelope {
        Envelope(
            id: EventID(high: 0, low: 0), source: "", type: "", subject: "", time: Timestamp(microseconds: 0),
            correlationID: CorrelationID(high: 0, low: 0), data: bytes)
    }

    /// Events of one subject wait for each other; what is said of a dead letter waits for nothing.
    private static func subject(of event: Envelope, _ place: Place) -> String {
        switch event.type {
        case "": "unreadable:\(place.topic):\(place.offset)"
        case V1.EventDeadLettered.type: "letter:\(event.id)"
        default: event.subject
        }
    }

    /// Gives up on an event: into the table, and onto the dead-letter topic.
    func bury(_ service: ServiceName, _ event: Envelope, _ place: Place, announced: Bool = true) throws {
        let isEvent = !event.type.isEmpty
        let bytes = isEvent ? try EventCoding.encode(event) : event.data
        let id = isEvent ? event.id : newID()
        let subject = Self.subject(of: event, place)
        let at = tick()
        try transact(service) { db, made in
            try db.execute(
                sql: """
                    INSERT INTO dead_letters VALUES (?, ?, ?, ?, ?, ?, NULL, 'brokenRule', 'planted', ?, 1, 0, ?,
                        'open', 'log', NULL)
                    """,
                arguments: [
                    Data(id.bytes), place.topic.name, Int64(place.offset), subject, event.type, Data(bytes),
                    ErrorSignature.of(kind: "brokenRule", error: "planted"), at,
                ])
            let letter = V1.EventDeadLettered(
                service: service, eventID: id, topic: place.topic.name, offset: place.offset,
                event: PersonalData.masked(bytes, [.cardToken]),
                errorKind: "brokenRule", error: "planted", attempts: 1)
            if announced {
                let announcement = try self.letterEvent(
                    letter, of: id, about: isEvent ? event : nil, subject: isEvent ? event.subject : subject,
                    by: service, number: 0, at: at)
                made.append(announcement)
                if service == .notification { try self.alert(announcement, db) }
            }
        }
    }

    /// Reads the next event, and gives up on it.
    @discardableResult
    func die(_ service: ServiceName, topic: Topic, announced: Bool = true) throws -> Envelope {
        guard let (event, place) = try next(service, topic) else { throw ShopError("\(topic) has no event to die on") }
        try skip(service, topic: topic, marking: false)
        try bury(service, event, place, announced: announced)
        return event
    }

    /// Reads until an event of a type, and gives up on that.
    @discardableResult
    func die(_ service: ServiceName, on type: String, topic: Topic) throws -> Envelope {
        while let (event, _) = try next(service, topic) {
            if event.type == type { return try die(service, topic: topic) }
            try consume(service, topic: topic)
        }
        throw ShopError("\(topic) has no \(type)")
    }

    /// Once in a while, a service gives up on what it reads next.
    func dieSomewhere(oneIn chance: Int) throws -> (service: ServiceName, id: EventID)? {
        guard Int.random(in: 0..<chance, using: &random) == 0,
            let service = ServiceName.allCases.randomElement(using: &random),
            let topic = Self.topics(of: service).filter({ !$0.name.hasSuffix(".dlq") }).randomElement(using: &random),
            let (event, _) = try next(service, topic), Self.isSubscribed(service, to: event.type)
        else { return nil }
        let isHeld = try databases[service]?.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE subject = ? AND state = 'open')",
                arguments: [event.subject])
        }
        return isHeld == true ? nil : (service, try die(service, topic: topic).id)
    }

    /// Buries bytes that are no event, and parks what comes behind a dead letter of its subject.
    func setAside(_ service: ServiceName, _ event: Envelope, _ place: Place) throws -> Bool {
        if event.type.isEmpty {
            try die(service, topic: place.topic)
            return true
        }
        let subject = Self.subject(of: event, place)
        let isBlocked = try databases[service]?.read { db in
            try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM dead_letters WHERE subject = ? AND state = 'open')",
                arguments: [subject])
        }
        guard isBlocked == true, Self.isSubscribed(service, to: event.type) else { return false }
        try transact(service, consuming: place) { db, _ in
            try db.execute(
                sql: "INSERT INTO parked VALUES (NULL, ?, ?, ?, ?, ?, 0, NULL, NULL, NULL, NULL)",
                arguments: [
                    Data(event.id.bytes), place.topic.name, Int64(place.offset), subject,
                    Data(try EventCoding.encode(event)),
                ])
        }
        return true
    }

    // MARK: - The operator

    /// Handles a letter after all.
    func redrive(_ service: ServiceName, _ id: EventID, announced: Bool = true) throws {
        let (event, place) = try letter(service, id)
        try transact(service) { db, made in
            _ = try self.handle(service, event, db, &made)
            try self.markApplied(id, place, db)
            let number = try self.settleLetter(id, "redriven", action: "retried", db)
            let redriven = V1.DeadLetterRedriven(service: service, eventID: id, wasDuplicate: false, actor: "ann")
            if announced { made.append(try self.said(redriven, id, event, by: service, number)) }
        }
        try handleParked(service, event.subject)
    }

    /// Gives up on a letter; the service says instead what the design names.
    func discard(_ service: ServiceName, _ id: EventID) throws {
        let (event, _) = try letter(service, id)
        try transact(service) { db, made in
            try self.sayInstead(service, event, db, &made)
            let number = try self.settleLetter(id, "discarded", action: "discarded", reason: "hopeless", db)
            let discarded = V1.DeadLetterDiscarded(service: service, eventID: id, actor: "ann", reason: "hopeless")
            made.append(try self.said(discarded, id, event, by: service, number))
        }
        try handleParked(service, event.subject)
    }

    /// Puts corrected bytes in the place of a letter's.
    func correct(_ service: ServiceName, _ id: EventID, _ event: Envelope) throws {
        let bytes = try EventCoding.encode(event)
        try transact(service) { db, made in
            try db.execute(
                sql: "UPDATE dead_letters SET corrected = ? WHERE event_id = ?",
                arguments: [Data(bytes), Data(id.bytes)])
            let number = try self.record("edited", id, reason: "a slip", db)
            let edited = V1.DeadLetterEdited(
                service: service, eventID: id, corrected: bytes, actor: "ann", reason: "a slip")
            let original = try Data.fetchOne(
                db, sql: "SELECT event FROM dead_letters WHERE event_id = ?", arguments: [Data(id.bytes)])
            let about = original.flatMap { try? EventCoding.decode([UInt8]($0)) }
            made.append(
                try self.letterEvent(
                    edited, of: id, about: about, subject: event.subject, by: service, number: number, at: self.clock))
        }
    }

    /// Puts a letter of an export onto the desk.
    func importLetter(_ service: ServiceName, _ event: Envelope, _ place: Place) throws {
        try bury(service, event, place, announced: false)
        try transact(service) { db, _ in
            try db.execute(
                sql: "UPDATE dead_letters SET origin = 'import' WHERE event_id = ?", arguments: [Data(event.id.bytes)])
            try self.record("imported", event.id, db)
        }
    }

    /// Hands raw bytes to the owner's outbox.
    @discardableResult
    func inject(_ service: ServiceName, _ bytes: [UInt8]) throws -> UInt64 {
        var sequence: Int64 = 0
        try transact(service) { db, _ in
            sequence = try self.put(bytes, in: service.topic, db)
            let id = (try? EventCoding.decode(bytes))?.id
            try db.execute(
                sql: "INSERT INTO injected VALUES (?, ?, ?, ?, 'ann')",
                arguments: [service.topic.name, sequence, id.map { Data($0.bytes) }, self.clock])
        }
        return UInt64(sequence - 1)
    }

    @discardableResult
    func inject(_ service: ServiceName, _ event: Envelope) throws -> UInt64 {
        try inject(service, try EventCoding.encode(event))
    }

    /// Forgets the ids of a topic that are below one.
    func prune(_ service: ServiceName, _ topic: Topic, below: EventID) throws {
        try transact(service) { db, _ in
            try db.execute(
                sql: "DELETE FROM inbox WHERE topic = ? AND event_id < ?",
                arguments: [topic.name, Data(below.bytes)])
            guard db.changesCount > 0 else { throw ShopError("nothing to prune") }
            try db.execute(
                sql: "INSERT INTO inbox_pruned VALUES (?, ?, ?)",
                arguments: [topic.name, db.changesCount, Data(below.bytes)])
        }
    }

    // MARK: - Rows

    private func letter(_ service: ServiceName, _ id: EventID) throws -> (event: Envelope, place: Place) {
        let row = try databases[service]?.read { db in
            try Row.fetchOne(
                db, sql: "SELECT coalesce(corrected, event), topic, offset FROM dead_letters WHERE event_id = ?",
                arguments: [Data(id.bytes)])
        }
        guard let row else { throw ShopError("no letter \(id)") }
        let bytes = [UInt8](row[0] as Data)
        let event = (try? EventCoding.decode(bytes)) ?? Self.noEvent(bytes)
        return (event, Place(topic: Topic(row[1]), offset: UInt64(row[2] as Int64)))
    }

    /// Said of a letter at the time of the record.
    private func said(
        _ payload: some EventPayload, _ letter: EventID, _ event: Envelope, by service: ServiceName, _ number: Int64
    ) throws -> Envelope {
        let isEvent = !event.type.isEmpty
        return try letterEvent(
            payload, of: letter, about: isEvent ? event : nil, subject: event.subject, by: service, number: number,
            at: clock)
    }

    @discardableResult
    private func settleLetter(
        _ id: EventID, _ state: String, action: String, reason: String? = nil, _ db: Database
    ) throws -> Int64 {
        try db.execute(
            sql: "UPDATE dead_letters SET state = ?, settled_at = ? WHERE event_id = ?",
            arguments: [state, clock, Data(id.bytes)])
        return try record(action, id, reason: reason, db)
    }

    /// - Returns: the entry's number.
    @discardableResult
    private func record(_ action: String, _ id: EventID, reason: String? = nil, _ db: Database) throws -> Int64 {
        try db.execute(
            sql: "INSERT INTO dead_letter_actions VALUES (NULL, ?, ?, ?, 'ann', ?, NULL)",
            arguments: [Data(id.bytes), action, clock, reason])
        return db.lastInsertedRowID
    }

    private func handleParked(_ service: ServiceName, _ subject: String) throws {
        let rows = try databases[service]?.read { db in
            try Row.fetchAll(
                db, sql: "SELECT arrival, event, topic, offset FROM parked WHERE subject = ? ORDER BY arrival",
                arguments: [subject])
        }
        for row in rows ?? [] {
            let event = try EventCoding.decode([UInt8](row[1] as Data))
            try transact(service) { db, made in
                _ = try self.handle(service, event, db, &made)
                try self.markApplied(
                    event.id, Place(topic: Topic(row[2]), offset: UInt64(row[3] as Int64)), db)
                try db.execute(sql: "DELETE FROM parked WHERE arrival = ?", arguments: [row[0] as Int64])
            }
        }
    }

    private func sayInstead(
        _ service: ServiceName, _ event: Envelope, _ db: Database, _ made: inout [Envelope]
    ) throws {
        guard let order = event.orderID else { return }
        switch (service, event.type) {
        case (.payment, V1.StockReserved.type):
            let failed = V1.PaymentFailed(reason: .abandoned, declineCode: nil)
            made.append(try self.event(failed, order, by: .payment, cause: event))
            try db.execute(
                sql: "INSERT INTO payments VALUES (?, 'failed', NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL)",
                arguments: [Data(order.bytes)])
        case (.inventory, V1.OrderCreated.type):
            made.append(try self.event(V1.StockRejected(shortages: []), order, by: .inventory, cause: event))
            try db.execute(
                sql: "INSERT INTO reservations VALUES (?, 'rejected', '[]', 0, NULL, NULL)",
                arguments: [Data(order.bytes)])
        case (.notification, V1.OrderConfirmed.type):
            let failed = V1.NotificationFailed(kind: .confirmation, channel: "none", reason: "given up on")
            made.append(try self.event(failed, order, by: .notification, cause: event))
            try db.execute(
                sql: "INSERT INTO notifications VALUES (?, 'confirmation', ?, '', 'failed', 0)",
                arguments: [Data(order.bytes), Data(event.id.bytes)])
        default: break
        }
    }
}

import Contracts
import Delivery
import EventLog
import FileEventLog
import Foundation
import GRDB

/// A small data directory made by hand: a log, databases, a mailbox, as the programs would leave them.
struct CLIWorld {
    let data: String
    private let log: FileEventLog
    /// When the first event happened.
    static let start = Timestamp("2026-03-01T12:00:00Z")!  // a constant of the right form

    init(_ data: String, segmentBytes: UInt64 = 1 << 20) throws {
        self.data = data
        log = FileEventLog(
            directory: data + "/log", options: .init(segmentBytes: segmentBytes), now: { Self.start },
            randomBytes: { Array(repeating: 7, count: $0) })
        try FileManager.default.createDirectory(atPath: data + "/log", withIntermediateDirectories: true)
    }

    static func order(_ number: UInt64) -> OrderID {
        .version7(at: start, randomBits: (0, number))
    }

    // MARK: - Log

    func append(_ topic: Topic, _ events: [Envelope]) throws {
        try appendBytes(topic, try events.map(EventCoding.encode))
    }

    func appendBytes(_ topic: Topic, _ events: [[UInt8]]) throws {
        let writer = try openWriter(topic)
        defer { writer.close() }
        try writer.append(events, firstSequence: writer.lastSequence + 1)
    }

    /// For many appends; one a topic at a time.
    ///
    /// Tried again for a while: a program that another test starts holds all locks of this process between its fork and
    /// its exec.
    func openWriter(_ topic: Topic) throws -> any TopicWriter {
        for _ in 0..<500 {
            do {
                return try log.openWriter(of: topic)
            } catch LogError.writerExists {
                usleep(10_000)
            }
        }
        return try log.openWriter(of: topic)
    }

    /// An event at so many milliseconds after the start, with the id that its cause, or its command, gives it.
    static func event(
        _ payload: some EventPayload, _ order: OrderID, at milliseconds: Int64, by service: ServiceName,
        cause: Envelope? = nil, subject: String? = nil
    ) throws -> Envelope {
        let type = Swift.type(of: payload).type
        let id =
            if let cause {
                DerivedID.event(cause: cause.id, service: service, type: type, ordinal: 0)
            } else {
                DerivedID.event(command: command(type, order, milliseconds), service: service, type: type, ordinal: 0)
            }
        return Envelope(
            id: id, source: service.source, type: type, subject: subject ?? order.description,
            time: start + .milliseconds(milliseconds), correlationID: order.rebound(), causationID: cause?.id,
            data: try payload.encoded())
    }

    private static func command(_ type: String, _ order: OrderID, _ milliseconds: Int64) -> Command {
        let isOrder = type == V1.OrderCreated.type
        return Command(
            key: isOrder ? "create:\(order)" : "\(type):\(order):\(milliseconds)", correlationID: order.rebound(),
            at: isOrder
                ? Timestamp(microseconds: Int64(order.milliseconds) * 1000) : start + .milliseconds(milliseconds))
    }

    static let price = Money(amount: 1999, currency: "GBP")

    static func created(_ order: OrderID, at milliseconds: Int64, email: String = "ann@example.test") throws -> Envelope
    {
        try event(
            V1.OrderCreated(
                customerID: "c-1", email: email, lines: [OrderLine(productID: "P-0001", quantity: 1, unitPrice: 1999)],
                total: price, cardToken: "tok_visa", idempotencyKey: "key-\(order)", bodyHash: "00"),
            order, at: milliseconds, by: .order)
    }

    static func reserved(_ created: Envelope, at milliseconds: Int64) throws -> Envelope {
        try event(
            V1.StockReserved(
                lines: [StockLine(productID: "P-0001", quantity: 1)], total: price, cardToken: "tok_visa",
                expiresAt: start + .seconds(60)),
            created.orderID!, at: milliseconds, by: .inventory, cause: created)  // its subject is an order
    }

    static func paid(_ reserved: Envelope, at milliseconds: Int64) throws -> Envelope {
        try event(
            V1.PaymentSucceeded(amount: price, paymentIntent: "pi_1"), reserved.orderID!, at: milliseconds,
            by: .payment,
            cause: reserved)  // its subject is an order
    }

    static func confirmed(_ paid: Envelope, at milliseconds: Int64) throws -> Envelope {
        try event(
            V1.OrderConfirmed(
                customerID: "c-1", email: "ann@example.test",
                lines: [OrderLine(productID: "P-0001", quantity: 1, unitPrice: 1999)], total: price),
            paid.orderID!, at: milliseconds, by: .order, cause: paid)  // its subject is an order
    }

    static func told(_ confirmed: Envelope, at milliseconds: Int64) throws -> Envelope {
        try event(
            V1.NotificationSent(kind: .confirmation, channel: "mbox", messageID: "<m1@stampede.example>"),
            confirmed.orderID!, at: milliseconds, by: .notification, cause: confirmed)  // its subject is an order
    }

    /// The whole way of an order, from `milliseconds` on.
    func addConfirmedOrder(_ order: OrderID, at milliseconds: Int64 = 0, isTold: Bool = true) throws {
        let created = try Self.created(order, at: milliseconds)
        let reserved = try Self.reserved(created, at: milliseconds + 2)
        let paid = try Self.paid(reserved, at: milliseconds + 25)
        let confirmed = try Self.confirmed(paid, at: milliseconds + 30)
        try append(.orders, [created, confirmed])
        try append(.inventory, [reserved])
        try append(.payments, [paid])
        if isTold { try append(.notifications, [try Self.told(confirmed, at: milliseconds + 40)]) }
    }

    // MARK: - Databases

    func database(of service: ServiceName) -> String { "\(data)/db/\(service.rawValue)/\(service.rawValue).db" }

    /// Makes a service's database, in WAL mode as they are, and closes it after `body`.
    func write(_ service: ServiceName, _ body: (Database) throws -> Void = { _ in }) throws {
        let path = database(of: service)
        try FileManager.default.createDirectory(
            atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        let queue = try DatabaseQueue(path: path)
        try queue.inDatabase { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: Self.deliveryTables + Self.tables(of: service))
            try body(db)
        }
        try queue.close()
    }

    func writeAll() throws {
        for service in ServiceName.allCases { try write(service) }
    }

    /// Says that a service has read a topic up to an offset.
    func setPosition(_ service: ServiceName, _ topic: Topic, _ offset: UInt64) throws {
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        while reader.position.nextOffset < offset { _ = try reader.read(maximumEvents: 1, maximumBytes: 0) }
        try write(service) { db in
            try db.execute(
                sql: "INSERT OR REPLACE INTO consumer_positions VALUES (?, ?, ?)",
                arguments: [topic.name, Int64(offset), Data(reader.position.token)])
        }
    }

    /// Lays an event on a service's desk, or bytes that are none; it died so many milliseconds after the start.
    func bury(
        _ service: ServiceName, _ id: EventID, _ event: [UInt8], _ topic: Topic, offset: Int64, type: String,
        subject: String, kind: String = "brokenRule", error: String = "no such card",
        signature: String = "no such card", at milliseconds: Int64 = 0, state: String = "open"
    ) throws {
        let died = (Self.start + .milliseconds(milliseconds)).microseconds
        try write(service) { db in
            try db.execute(
                sql: """
                    INSERT INTO dead_letters (event_id, topic, offset, subject, type, event, error_kind, error, signature,
                        attempts, first_failed_at, died_at, state)
                    VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 3, ?, ?, ?)
                    """,
                arguments: [
                    Data(id.bytes), topic.name, offset, subject, type, Data(event), kind, error, signature, died - 1000,
                    died, state,
                ])
        }
    }

    func bury(
        _ service: ServiceName, _ event: Envelope, _ topic: Topic, offset: Int64, error: String = "no such card",
        signature: String = "no such card", at milliseconds: Int64 = 0, state: String = "open"
    ) throws {
        try bury(
            service, event.id, try EventCoding.encode(event), topic, offset: offset, type: event.type,
            subject: event.subject, error: error, signature: signature, at: milliseconds, state: state)
    }

    private static let deliveryTables = """
        CREATE TABLE IF NOT EXISTS inbox (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS consumer_positions (topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, token BLOB NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS outbox_topics (topic TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL,
            published_sequence INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS outbox (topic TEXT NOT NULL, sequence INTEGER NOT NULL, event BLOB NOT NULL,
            PRIMARY KEY (topic, sequence)) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS parked (arrival INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, topic TEXT NOT NULL,
            offset INTEGER NOT NULL, subject TEXT NOT NULL, event BLOB NOT NULL, attempts INTEGER NOT NULL, next_attempt_at INTEGER,
            error_kind TEXT, error TEXT, first_failed_at INTEGER);
        CREATE TABLE IF NOT EXISTS dead_letters (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL,
            subject TEXT NOT NULL, type TEXT NOT NULL, event BLOB NOT NULL, corrected BLOB, error_kind TEXT NOT NULL,
            error TEXT NOT NULL, signature TEXT NOT NULL, attempts INTEGER NOT NULL, first_failed_at INTEGER NOT NULL,
            died_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open', origin TEXT NOT NULL DEFAULT 'log',
            settled_at INTEGER) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS dead_letter_actions (number INTEGER PRIMARY KEY, event_id BLOB NOT NULL, action TEXT NOT NULL,
            at INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT, detail TEXT);
        CREATE TABLE IF NOT EXISTS consumer_pause (id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL,
            actor TEXT NOT NULL, reason TEXT NOT NULL);
        CREATE TABLE IF NOT EXISTS anomalies (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL,
            subject TEXT NOT NULL, type TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE IF NOT EXISTS intents (key TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, cause BLOB NOT NULL,
            request BLOB NOT NULL, deadline INTEGER, state TEXT NOT NULL, recorded_at INTEGER NOT NULL) WITHOUT ROWID;
        """

    private static func tables(of service: ServiceName) -> String {
        switch service {
        case .order:
            """
            CREATE TABLE IF NOT EXISTS orders (order_id BLOB PRIMARY KEY, customer_id TEXT NOT NULL, email TEXT NOT NULL,
                lines TEXT NOT NULL, total_amount INTEGER NOT NULL, currency TEXT NOT NULL, idempotency_key TEXT NOT NULL UNIQUE,
                body_hash TEXT NOT NULL, status TEXT NOT NULL, reason TEXT, created_at INTEGER NOT NULL,
                updated_at INTEGER NOT NULL, cancellation_requested_at INTEGER) WITHOUT ROWID;
            """
        case .inventory:
            """
            CREATE TABLE IF NOT EXISTS reservations (order_id BLOB PRIMARY KEY, state TEXT NOT NULL, lines TEXT NOT NULL,
                decided_at INTEGER NOT NULL, expires_at INTEGER, released_at INTEGER) WITHOUT ROWID;
            """
        case .payment:
            """
            CREATE TABLE IF NOT EXISTS payments (order_id BLOB PRIMARY KEY, state TEXT NOT NULL, amount INTEGER, currency TEXT,
                payment_intent TEXT, failure_reason TEXT, decline_code TEXT, refund TEXT, settled_at INTEGER NOT NULL,
                refunded_at INTEGER) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS cancellation_requests (order_id BLOB PRIMARY KEY, event_id BLOB NOT NULL,
                requested_at INTEGER NOT NULL) WITHOUT ROWID;
            """
        case .notification:
            """
            CREATE TABLE IF NOT EXISTS notifications (order_id BLOB NOT NULL, kind TEXT NOT NULL, event_id BLOB NOT NULL,
                message_id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (order_id, kind)) WITHOUT ROWID;
            """
        case .analytics:
            """
            CREATE TABLE IF NOT EXISTS order_facts (order_id BLOB PRIMARY KEY, created_at INTEGER, outcome TEXT, reason TEXT,
                outcome_at INTEGER, amount INTEGER, currency TEXT) WITHOUT ROWID;
            CREATE TABLE IF NOT EXISTS stuck_reports (order_id BLOB PRIMARY KEY, reports INTEGER NOT NULL, last_at INTEGER NOT NULL)
                WITHOUT ROWID;
            """
        }
    }

    // MARK: - Mailbox

    func writeMailbox(_ text: String) throws {
        try FileManager.default.createDirectory(atPath: data + "/mail", withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: data + "/mail/outbox.mbox"))
    }

    /// A message as it lies in the mailbox; the body quoted already.
    static func stored(_ order: OrderID, subject: String = "Your order", body: String, headers: String = "") -> String {
        """
        From orders@stampede.example Sun Mar  1 12:00:00 2026
        X-Stampede-Frame: 1 0000000000000000
        Date: Sun, 01 Mar 2026 12:00:00 +0000
        From: Stampede <orders@stampede.example>
        To: <ann@example.test>
        Subject: \(subject)
        Message-ID: <m1@stampede.example>
        X-Stampede-Order: \(order)
        X-Stampede-Kind: confirmation
        \(headers)
        \(body)


        """
    }
}

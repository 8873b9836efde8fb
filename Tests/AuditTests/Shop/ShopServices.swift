import Contracts
import Foundation
import GRDB

// The five services in miniature: what each does with one event, in one transaction.

extension Shop {
    /// Reads the next event of one of the service's topics; false where there is none.
    @discardableResult
    func consume(_ service: ServiceName, topic: Topic) throws -> Bool {
        guard let (event, place) = try next(service, topic) else { return false }
        if try setAside(service, event, place) { return true }
        try transact(service, consuming: place) { db, made in
            if try handle(service, event, db, &made) { try markApplied(event.id, place, db) }
        }
        return true
    }

    /// Reads the next event as if it did nothing: for faults to be planted.
    func skip(_ service: ServiceName, topic: Topic, marking: Bool) throws {
        guard let (event, place) = try next(service, topic) else { return }
        try transact(service, consuming: place) { db, _ in
            if marking { try markApplied(event.id, place, db) }
        }
    }

    func next(_ service: ServiceName, _ topic: Topic) throws -> (Envelope, Place)? {
        let position = try databases[service]?.read { db in
            try Int64.fetchOne(
                db, sql: "SELECT next_offset FROM consumer_positions WHERE topic = ?", arguments: [topic.name])
        }
        let offset = Int(position ?? 0)
        let events = log[topic] ?? []
        return offset < events.count ? (events[offset], Place(topic: topic, offset: UInt64(offset))) : nil
    }

    static func topics(of service: ServiceName) -> [Topic] {
        switch service {
        case .order: [.inventory, .payments]
        case .inventory: [.orders, .payments]
        case .payment: [.inventory, .orders]
        case .notification: [.orders] + ServiceName.allCases.filter { $0 != .notification }.map(\.deadLetterTopic)
        case .analytics: [.orders, .inventory, .payments, .notifications]
        }
    }

    /// False for a type that the service does not subscribe to.
    func handle(
        _ service: ServiceName, _ event: Envelope, _ db: Database, _ made: inout [Envelope]
    ) throws -> Bool {
        if service == .analytics {
            guard Self.isSubscribed(.analytics, to: event.type) else { return false }
            try showInFigures(event, db)
            return true
        }
        switch (service, event.type) {
        case (.inventory, V1.OrderCreated.type): try reserve(event, db, &made)
        case (.inventory, V1.PaymentFailed.type): try release(event, .paymentFailed, db, &made)
        case (.inventory, V1.PaymentRefunded.type): try release(event, .paymentRefunded, db, &made)
        case (.payment, V1.StockReserved.type): try charge(event, db, &made)
        case (.payment, V1.OrderCancellationRequested.type): try payBack(event, db)
        case (.order, V1.PaymentSucceeded.type): try confirm(event, db, &made)
        case (.order, V1.StockRejected.type): try cancel(event, .soldOut, db, &made)
        case (.order, V1.PaymentFailed.type):
            let reason = try V1.PaymentFailed.decoded(from: event.data).reason
            let reasons: [PaymentFailureReason: CancellationReason] = [
                .declined: .paymentDeclined, .abandoned: .abandoned,
            ]
            try cancel(event, reasons[reason] ?? .cancelledByCustomer, db, &made)
        case (.order, V1.PaymentRefunded.type): try cancel(event, .refunded, db, &made)
        case (.notification, V1.OrderConfirmed.type): try tell(event, .confirmation, db)
        case (.notification, V1.OrderCancelled.type):
            let reason = try V1.OrderCancelled.decoded(from: event.data).reason
            let kinds: [CancellationReason: NotificationKind] = [
                .soldOut: .soldOut, .cancelledByCustomer: .cancellation, .refunded: .refund,
            ]
            try tell(event, kinds[reason] ?? .paymentFailed, db)
        case (.notification, V1.EventDeadLettered.type): try alert(event, db)
        default: return false
        }
        return true
    }

    /// What `handle` acts on.
    static func isSubscribed(_ service: ServiceName, to type: String) -> Bool {
        switch service {
        case .order:
            [
                V1.StockRejected.type, V1.PaymentSucceeded.type, V1.PaymentFailed.type, V1.PaymentRefunded.type,
            ].contains(type)
        case .inventory:
            [V1.OrderCreated.type, V1.PaymentFailed.type, V1.PaymentRefunded.type].contains(type)
        case .payment: [V1.StockReserved.type, V1.OrderCancellationRequested.type].contains(type)
        case .notification:
            [V1.OrderConfirmed.type, V1.OrderCancelled.type, V1.EventDeadLettered.type].contains(type)
        case .analytics:
            ![V1.OrderStuck.type, V1.StockRanLow.type].contains(type)
        }
    }

    // MARK: - Order

    /// A checkout: durable, then acknowledged into the journal.
    @discardableResult
    func place(
        _ lines: [(String, Int64)], price: Int64 = 1999, currency: String = "GBP", card: String = "tok_visa",
        acknowledge: Bool = true, total amount: Int64? = nil
    ) throws -> OrderID {
        let id = newOrderID()
        let orderLines = lines.map { OrderLine(productID: $0.0, quantity: $0.1, unitPrice: price) }
        let total = Money(amount: amount ?? lines.reduce(0) { $0 + $1.1 * price }, currency: currency)
        let key = "key-\(id)"
        let created = try event(
            V1.OrderCreated(
                customerID: "c-1", email: "ann@example.test", lines: orderLines, total: total, cardToken: card,
                idempotencyKey: key, bodyHash: "00"), id, by: .order)
        try transact(.order) { db, made in
            for (product, _) in lines { try setPrice(product, price, currency, db) }
            try insertOrder(id, total, key, created.time.microseconds, db)
            made.append(created)
        }
        books.orders[id] = PlacedOrder(lines: orderLines, total: total, key: key)
        if acknowledge { try journal(id, key, total) }
        return id
    }

    /// The operator's: the price that holds from the next order on.
    func setPrice(_ product: String, _ price: Int64, _ currency: String, _ db: Database) throws {
        let last = try Row.fetchOne(
            db, sql: "SELECT unit_price, currency FROM products WHERE product_id = ?", arguments: [product])
        if last?[0] as Int64? == price, last?[1] as String? == currency { return }
        try db.execute(
            sql: "INSERT OR REPLACE INTO products VALUES (?, '', ?, ?)", arguments: [product, price, currency])
        let next = try Int64.fetchOne(db, sql: "SELECT next_sequence FROM outbox_topics WHERE topic = 'orders'") ?? 1
        try db.execute(
            sql: "INSERT OR REPLACE INTO prices VALUES (?, ?, ?, ?)", arguments: [product, next, price, currency])
    }

    func insertOrder(_ id: OrderID, _ total: Money, _ key: String, _ time: Int64, _ db: Database) throws {
        try db.execute(
            sql:
                "INSERT INTO orders VALUES (?, 'c-1', 'ann@example.test', '[]', ?, ?, ?, '00', 'pending', NULL, ?, ?, NULL)",
            arguments: [Data(id.bytes), total.amount, total.currency, key, time, time])
    }

    func journal(_ id: OrderID, _ key: String, _ total: Money) throws {
        let line =
            "{\"order\":\"\(id)\",\"key\":\"\(key)\",\"amount\":\(total.amount),\"currency\":\"\(total.currency)\"}\n"
        try append(line, to: "sale/acknowledged-test-0.jsonl")
    }

    func requestCancellation(_ id: OrderID) throws {
        let request = try event(V1.OrderCancellationRequested(), id, by: .order)
        try transact(.order) { _, made in made.append(request) }
    }

    private func confirm(_ cause: Envelope, _ db: Database, _ made: inout [Envelope]) throws {
        guard let id = cause.orderID, let order = books.orders[id] else { return }
        let confirmed = V1.OrderConfirmed(
            customerID: "c-1", email: "ann@example.test", lines: order.lines, total: order.total)
        made.append(try event(confirmed, id, by: .order, cause: cause))
        try setStatus(id, "confirmed", nil, db)
    }

    private func cancel(
        _ cause: Envelope, _ reason: CancellationReason, _ db: Database, _ made: inout [Envelope]
    ) throws {
        guard let id = cause.orderID, let order = books.orders[id] else { return }
        made.append(try cancelled(id, order, reason, cause: cause))
        try setStatus(id, "cancelled", reason.rawValue, db)
    }

    func cancelled(_ id: OrderID, _ order: PlacedOrder, _ reason: CancellationReason, cause: Envelope) throws
        -> Envelope
    {
        let payload = V1.OrderCancelled(
            reason: reason, customerID: "c-1", email: "ann@example.test", lines: order.lines, total: order.total)
        return try event(payload, id, by: .order, cause: cause)
    }

    func setStatus(_ id: OrderID, _ status: String, _ reason: String?, _ db: Database) throws {
        books.orders[id]?.status = status
        try db.execute(
            sql: "UPDATE orders SET status = ?, reason = ? WHERE order_id = ?",
            arguments: [status, reason, Data(id.bytes)])
    }

    // MARK: - Inventory

    func stock(_ product: String, _ pieces: Int64) throws {
        let payload = V1.StockAdjusted(
            delta: pieces, reason: books.available[product] == nil ? .initial : .adjustment,
            adjustmentKey: "seed-\(clock)")
        let adjusted = try event(payload, subject: product, by: .inventory)
        try transact(.inventory) { db, made in
            made.append(adjusted)
            try change(product, available: pieces, reserved: 0, db)
        }
    }

    func change(_ product: String, available: Int64, reserved: Int64, _ db: Database) throws {
        books.available[product, default: 0] += available
        try db.execute(
            sql: """
                INSERT INTO stock VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE
                SET available = available + excluded.available, reserved = reserved + excluded.reserved
                """, arguments: [product, available, reserved])
    }

    private func reserve(_ cause: Envelope, _ db: Database, _ made: inout [Envelope]) throws {
        guard let id = cause.orderID else { return }
        let order = try V1.OrderCreated.decoded(from: cause.data)
        let short = order.lines.filter { books.available[$0.productID, default: 0] < $0.quantity }
        if short.isEmpty {
            let payload = V1.StockReserved(
                lines: order.lines.map { StockLine(productID: $0.productID, quantity: $0.quantity) },
                total: order.total,
                cardToken: order.cardToken, expiresAt: Timestamp(microseconds: clock + 600_000_000))
            made.append(try event(payload, id, by: .inventory, cause: cause))
            for line in order.lines {
                try change(line.productID, available: -line.quantity, reserved: line.quantity, db)
            }
            books.reserved.insert(id)
        } else {
            let shortages = short.map {
                Shortage(
                    productID: $0.productID, requested: $0.quantity, available: books.available[$0.productID] ?? 0)
            }
            made.append(try event(V1.StockRejected(shortages: shortages), id, by: .inventory, cause: cause))
        }
        try db.execute(
            sql: "INSERT INTO reservations VALUES (?, ?, '[]', ?, NULL, NULL)",
            arguments: [Data(id.bytes), short.isEmpty ? "reserved" : "rejected", clock])
    }

    private func release(
        _ cause: Envelope, _ reason: ReleaseReason, _ db: Database, _ made: inout [Envelope]
    ) throws {
        guard let id = cause.orderID, books.reserved.remove(id) != nil else { return }
        made.append(try released(id, reason, cause: cause, db))
    }

    func released(_ id: OrderID, _ reason: ReleaseReason, cause: Envelope, _ db: Database) throws -> Envelope {
        let lines = (books.orders[id]?.lines ?? []).map { StockLine(productID: $0.productID, quantity: $0.quantity) }
        for line in lines { try change(line.productID, available: line.quantity, reserved: -line.quantity, db) }
        return try event(V1.StockReleased(lines: lines, reason: reason), id, by: .inventory, cause: cause)
    }
}

import Contracts
import Foundation
import GRDB

// Analytics in miniature: each event changes its rows at once, and the topics may come in any interleaving.

extension Shop {
    func showInFigures(_ event: Envelope, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO event_counts VALUES (?, 1) ON CONFLICT DO UPDATE SET events = events + 1",
            arguments: [event.type])
        switch event.type {
        case V1.OrderCreated.type:
            let created = try V1.OrderCreated.decoded(from: event.data)
            try db.execute(
                sql: "INSERT INTO order_facts VALUES (?, ?, NULL, NULL, NULL, ?, ?)",
                arguments: [
                    Data(event.orderID?.bytes ?? []), event.time.microseconds, created.total.amount,
                    created.total.currency,
                ])
            try count("created", event, db)
        case V1.OrderConfirmed.type:
            let confirmed = try V1.OrderConfirmed.decoded(from: event.data)
            try sell(confirmed.lines, confirmed.total, 1, db)
            try end(event, "confirmed", nil, db)
        case V1.OrderCancelled.type:
            let cancelled = try V1.OrderCancelled.decoded(from: event.data)
            try db.execute(
                sql: "INSERT INTO cancellations VALUES (?, 1) ON CONFLICT DO UPDATE SET orders = orders + 1",
                arguments: [cancelled.reason.rawValue])
            if cancelled.reason == .refunded { try sell(cancelled.lines, cancelled.total, -1, db) }
            try end(event, "cancelled", cancelled.reason.rawValue, db)
        case V1.StockAdjusted.type:
            try addUnits(event.subject, 0, try V1.StockAdjusted.decoded(from: event.data).delta, db)
        case V1.StockReserved.type:
            for line in try V1.StockReserved.decoded(from: event.data).lines {
                try addUnits(line.productID, 0, -line.quantity, db)
            }
        case V1.StockReleased.type:
            for line in try V1.StockReleased.decoded(from: event.data).lines {
                try addUnits(line.productID, 0, line.quantity, db)
            }
        default: break
        }
    }

    private func end(_ event: Envelope, _ outcome: String, _ reason: String?, _ db: Database) throws {
        let id = Data(event.orderID?.bytes ?? [])
        try count(outcome, event, db)
        let before = try Row.fetchOne(
            db, sql: "SELECT created_at, outcome_at FROM order_facts WHERE order_id = ?", arguments: [id])
        try db.execute(
            sql: """
                INSERT INTO order_facts (order_id, outcome, reason, outcome_at) VALUES (?1, ?2, ?3, ?4)
                ON CONFLICT DO UPDATE SET outcome = ?2, reason = ?3, outcome_at = ?4
                """,
            arguments: [id, outcome, reason, event.time.microseconds])
        guard let created = before?["created_at"] as Int64?, before?["outcome_at"] as Int64? == nil else { return }
        let milliseconds = Double((event.time.microseconds - created) / 1000)
        try db.execute(
            sql: "INSERT INTO latency VALUES (?, 1) ON CONFLICT DO UPDATE SET orders = orders + 1",
            arguments: [Int64((4 * log2(milliseconds + 1)).rounded(.down))])
    }

    private func count(_ column: String, _ event: Envelope, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO minutes VALUES (?, \(column == "created" ? 1 : 0), \(column == "confirmed" ? 1 : 0),
                \(column == "cancelled" ? 1 : 0)) ON CONFLICT DO UPDATE SET \(column) = \(column) + 1
                """, arguments: [event.time.microseconds / 60_000_000])
    }

    private func sell(_ lines: [OrderLine], _ total: Money, _ sign: Int64, _ db: Database) throws {
        try db.execute(
            sql: "INSERT INTO revenue VALUES (?, ?) ON CONFLICT DO UPDATE SET amount = amount + excluded.amount",
            arguments: [total.currency, sign * total.amount])
        for line in lines { try addUnits(line.productID, sign * line.quantity, 0, db) }
    }

    private func addUnits(_ product: String, _ sold: Int64, _ available: Int64, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO units VALUES (?, ?, ?) ON CONFLICT DO UPDATE
                SET sold = sold + excluded.sold, available = available + excluded.available
                """, arguments: [product, sold, available])
    }
}

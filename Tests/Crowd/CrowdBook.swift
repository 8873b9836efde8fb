import Contracts
import Foundation
import GRDB

/// What one service's database holds of a crowd of orders.
struct CrowdBook {
    private let service: ServiceName
    private let queue: DatabaseQueue

    /// - Parameter data: where the service has made its tables.
    init(_ service: ServiceName, _ data: String) throws {
        self.service = service
        queue = try DatabaseQueue(path: "\(data)/db/\(service.rawValue)/\(service.rawValue).db")
        try queue.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = OFF") }
    }

    /// Events that the service reads on an order's way.
    private var reads: [CrowdWay.Step] {
        switch service {
        case .order: [.paid]
        case .inventory: [.created]
        case .payment: [.reserved]
        case .notification: [.confirmed]
        case .analytics: CrowdWay.Step.allCases
        }
    }

    func note(_ orders: [CrowdWay.Order]) throws {
        try queue.write { db in
            let inbox = try db.cachedStatement(sql: "INSERT INTO inbox (event_id, topic, offset) VALUES (?, ?, ?)")
            for order in orders {
                for step in reads {
                    try inbox.execute(arguments: [
                        order.events[step].map { Data($0.bytes) }, step.topic.name, Int64(order.offsets[step] ?? 0),
                    ])
                }
                for (sql, arguments) in rows(order) {
                    try db.cachedStatement(sql: sql).execute(arguments: arguments)
                }
            }
        }
    }

    private func rows(_ order: CrowdWay.Order) -> [(String, StatementArguments)] {
        let id = Data(order.id.bytes)
        func time(_ step: CrowdWay.Step) -> Int64 { order.time(of: step).microseconds }
        let call = """
            INSERT INTO intents (key, kind, subject, cause, request, state, recorded_at)
            VALUES (?, ?, ?, x'00', x'00', 'finished', ?)
            """
        switch service {
        case .order:
            return [
                (
                    """
                    INSERT INTO orders (order_id, customer_id, email, lines, total_amount, currency, idempotency_key,
                        body_hash, status, created_at, updated_at)
                    VALUES (?, ?, 'ann@example.test', '[{"productID":"P-0001","quantity":1,"unitPrice":1999}]', 1999, 'GBP',
                        ?, '00', 'confirmed', ?, ?)
                    """,
                    [id, "c-\(order.id.low % 250_000)", "key-\(order.id)", time(.created), time(.confirmed)]
                )
            ]
        case .inventory:
            return [
                (
                    """
                    INSERT INTO reservations (order_id, state, lines, decided_at, expires_at)
                    VALUES (?, 'reserved', '[{"productID":"P-0001","quantity":1}]', ?, ?)
                    """, [id, time(.reserved), time(.reserved) + 600_000_000]
                )
            ]
        case .payment:
            return [
                (
                    """
                    INSERT INTO payments (order_id, state, amount, currency, payment_intent, settled_at)
                    VALUES (?, 'succeeded', 1999, 'GBP', ?, ?)
                    """, [id, "pi_\(order.id.low)", time(.paid)]
                ),
                (call, ["charge:\(order.id)", "charge", order.id.description, time(.reserved)]),
            ]
        case .notification:
            return [
                (
                    """
                    INSERT INTO notifications (order_id, kind, event_id, message_id, state, at)
                    VALUES (?, 'confirmation', ?, '<m@stampede.example>', 'sent', ?)
                    """, [id, order.events[.confirmed].map { Data($0.bytes) }, time(.told)]
                ),
                (call, ["mail:\(order.id):confirmation", "mail", order.id.description, time(.confirmed)]),
            ]
        case .analytics:
            return [
                (
                    """
                    INSERT INTO order_facts (order_id, created_at, outcome, outcome_at, amount, currency, seen, moved_at)
                    VALUES (?, ?, 'confirmed', ?, 1999, 'GBP', 149, ?)
                    """, [id, time(.created), time(.confirmed), time(.confirmed)]
                )
            ]
        }
    }

    /// Everything is published, and read to its end.
    func finish(_ ends: [Topic: UInt64], token: (Topic, UInt64) throws -> [UInt8]) throws {
        try queue.write { db in
            if let end = ends[service.topic] {
                try db.execute(
                    sql:
                        "INSERT OR REPLACE INTO outbox_topics (topic, next_sequence, published_sequence) VALUES (?, ?, ?)",
                    arguments: [service.topic.name, Int64(end) + 1, Int64(end)])
            }
            for topic in Set(reads.map(\.topic)) {
                let end = ends[topic] ?? 0
                try db.execute(
                    sql: "INSERT OR REPLACE INTO consumer_positions (topic, next_offset, token) VALUES (?, ?, ?)",
                    arguments: [topic.name, Int64(end), Data(try token(topic, end))])
            }
        }
        try queue.close()
    }
}

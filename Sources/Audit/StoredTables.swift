import Contracts

/// A table as the audit knows it: what each column may hold.
struct StoredTable: Sendable {
    let name: String
    let columns: [(name: String, cell: CellRule)]
    var indexes: [String] = []
}

/// The tables of the six databases, from the design alone.
enum StoredTables {
    /// The latest schema that is known (`PRAGMA user_version`).
    static let version: Int64 = 1

    static func of(_ service: ServiceName) -> [StoredTable] { delivery + domain(service) }

    private static let delivery = [
        StoredTable(name: "inbox", columns: [("event_id", .id), ("topic", .text), ("offset", .offset)]),
        StoredTable(name: "inbox_pruned", columns: [("topic", .text), ("ids", .count), ("below", .id)]),
        StoredTable(
            name: "consumer_positions", columns: [("topic", .text), ("next_offset", .offset), ("token", .bytes)]),
        StoredTable(
            name: "consumer_pause",
            columns: [("id", .whole(1...1)), ("since", .time), ("actor", .text), ("reason", .text)]),
        StoredTable(name: "clock_offsets", columns: [("boot", .text), ("ahead", .any), ("last_seen", .any)]),
        StoredTable(
            name: "trials",
            columns: [
                ("topic", .text), ("offset", .offset), ("deaths", .whole(1...1 << 30)), ("signal", .whole(0...1 << 30)),
                ("stamp", .any), ("at", .time),
            ]),
        StoredTable(
            name: "outbox_topics",
            columns: [("topic", .text), ("next_sequence", .sequence), ("published_sequence", .offset)]),
        StoredTable(name: "outbox", columns: [("topic", .text), ("sequence", .sequence), ("event", .bytes)]),
        StoredTable(
            name: "injected",
            columns: [
                ("topic", .text), ("sequence", .sequence), ("event_id", .optional(.id)), ("at", .time),
                ("actor", .text),
            ]),
        StoredTable(
            name: "intents",
            columns: [
                ("key", .text), ("kind", .text), ("subject", .text), ("cause", .bytes), ("request", .bytes),
                ("deadline", .optional(.time)), ("state", .word(["open", "finished"])), ("recorded_at", .time),
            ], indexes: ["intents_open"]),
        StoredTable(
            name: "parked",
            columns: [
                ("arrival", .offset), ("event_id", .id), ("topic", .text), ("offset", .offset), ("subject", .text),
                ("event", .bytes), ("attempts", .whole(0...1 << 30)), ("next_attempt_at", .optional(.time)),
                ("error_kind", .optional(.text)), ("error", .optional(.text)), ("first_failed_at", .optional(.time)),
            ], indexes: ["parked_by_subject", "parked_by_due", "parked_traps"]),
        StoredTable(
            name: "dead_letters",
            columns: [
                ("event_id", .id), ("topic", .text), ("offset", .offset), ("subject", .text), ("type", .text),
                ("event", .bytes), ("corrected", .optional(.bytes)), ("error_kind", .text), ("error", .text),
                ("signature", .text), ("attempts", .whole(0...1 << 30)), ("first_failed_at", .time),
                ("died_at", .time), ("state", .word(["open", "redriven", "discarded"])),
                ("origin", .word(["log", "import"])), ("settled_at", .optional(.time)),
            ], indexes: ["dead_letters_by_subject", "dead_letters_by_place"]),
        StoredTable(
            name: "dead_letter_actions",
            columns: [
                ("number", .offset), ("event_id", .id), ("action", .text), ("at", .time), ("actor", .text),
                ("reason", .optional(.text)), ("detail", .optional(.text)),
            ], indexes: ["dead_letter_actions_by_letter"]),
        StoredTable(
            name: "anomalies",
            columns: [
                ("event_id", .id), ("topic", .text), ("offset", .offset), ("subject", .text), ("type", .text),
                ("text", .text), ("at", .time),
            ]),
    ]

    private static func domain(_ service: ServiceName) -> [StoredTable] {
        switch service {
        case .order: order
        case .inventory: inventory
        case .payment: payment
        case .notification: notification
        case .analytics: analytics
        }
    }

    private static let order = [
        StoredTable(
            name: "orders",
            columns: [
                ("order_id", .id), ("customer_id", .text), ("email", .text), ("lines", .text), ("total_amount", .any),
                ("currency", .text), ("idempotency_key", .text), ("body_hash", .text),
                ("status", .word(["pending", "confirmed", "cancelled"])), ("reason", .optional(.text)),
                ("created_at", .time), ("updated_at", .time), ("cancellation_requested_at", .optional(.time)),
            ], indexes: ["orders_by_customer", "orders_cancelled"]),
        StoredTable(
            name: "products",
            columns: [("product_id", .text), ("name", .text), ("unit_price", .count), ("currency", .text)]),
        StoredTable(
            name: "prices",
            columns: [
                ("product_id", .text), ("from_sequence", .sequence), ("unit_price", .count), ("currency", .text),
            ]),
    ]

    private static let inventory = [
        StoredTable(name: "stock", columns: [("product_id", .text), ("available", .any), ("reserved", .any)]),
        StoredTable(
            name: "reservations",
            columns: [
                ("order_id", .id), ("state", .word(["reserved", "rejected", "released"])), ("lines", .text),
                ("decided_at", .time), ("expires_at", .optional(.time)), ("released_at", .optional(.time)),
            ]),
        StoredTable(
            name: "adjustments",
            columns: [
                ("adjustment_key", .text), ("product_id", .text), ("delta", .any), ("reason", .text), ("at", .time),
            ]),
    ]

    private static let payment = [
        StoredTable(
            name: "payments",
            columns: [
                ("order_id", .id), ("state", .word(["succeeded", "failed", "refunded"])), ("amount", .optional(.any)),
                ("currency", .optional(.text)), ("payment_intent", .optional(.text)),
                ("failure_reason", .optional(.text)), ("decline_code", .optional(.text)), ("refund", .optional(.text)),
                ("settled_at", .time), ("refunded_at", .optional(.time)),
            ]),
        StoredTable(
            name: "cancellation_requests", columns: [("order_id", .id), ("event_id", .id), ("requested_at", .time)]),
    ]

    private static let notification = [
        StoredTable(
            name: "notifications",
            columns: [
                ("order_id", .id), ("kind", .text), ("event_id", .id), ("message_id", .text),
                ("state", .word(["sent", "failed"])), ("at", .time),
            ]),
        StoredTable(
            name: "alerts", columns: [("service", .text), ("type", .text), ("signature", .text), ("letters", .count)]),
        StoredTable(name: "channel_marks", columns: [("channel", .text), ("mark", .offset)]),
    ]

    private static let analytics = [
        StoredTable(
            name: "order_facts",
            columns: [
                ("order_id", .id), ("created_at", .optional(.time)),
                ("outcome", .optional(.word(["confirmed", "cancelled"]))), ("reason", .optional(.text)),
                ("outcome_at", .optional(.time)), ("amount", .optional(.any)), ("currency", .optional(.text)),
                ("seen", .whole(0...1023)), ("moved_at", .time),
            ], indexes: ["order_facts_pending"]),
        StoredTable(name: "revenue", columns: [("currency", .text), ("amount", .any)]),
        StoredTable(name: "cancellations", columns: [("reason", .text), ("orders", .count)]),
        StoredTable(name: "units", columns: [("product_id", .text), ("sold", .any), ("available", .any)]),
        StoredTable(
            name: "minutes",
            columns: [
                ("minute", .whole(0...4_223_371_680)), ("created", .count), ("confirmed", .count),
                ("cancelled", .count),
            ]),
        StoredTable(name: "latency", columns: [("bucket", .whole(0...400)), ("orders", .count)]),
        StoredTable(name: "event_counts", columns: [("type", .text), ("events", .count)]),
        StoredTable(name: "stuck_reports", columns: [("order_id", .id), ("reports", .count), ("last_at", .time)]),
        StoredTable(name: "low_stock_reports", columns: [("product_id", .text), ("available", .any), ("at", .time)]),
    ]

    /// The gateway's ledger: another shop's, so an amount may be any.
    static let gateway = [
        StoredTable(
            name: "idempotency_keys",
            columns: [
                ("key", .text), ("outcome", .word(["captured", "declined", "voided", "refunded"])),
                ("request_hash", .optional(.bytes)), ("status", .optional(.whole(100...599))),
                ("response", .optional(.bytes)), ("bound_at", .time),
            ]),
        StoredTable(
            name: "ledger",
            columns: [
                ("entry", .sequence), ("kind", .word(["capture", "refund"])), ("key", .text), ("gateway_id", .text),
                ("payment_intent", .text), ("order_id", .text), ("amount", .any), ("currency", .text),
                ("at", .time),
            ], indexes: ["refunds_of_payment_intent"]),
    ]
}

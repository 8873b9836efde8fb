import Contracts

/// The tables as the design has them.
enum ShopSchemas {
    static let delivery = """
        CREATE TABLE inbox (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE consumer_positions (topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, token BLOB NOT NULL)
            WITHOUT ROWID;
        CREATE TABLE outbox_topics (topic TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL,
            published_sequence INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE outbox (topic TEXT NOT NULL, sequence INTEGER NOT NULL, event BLOB NOT NULL,
            PRIMARY KEY (topic, sequence)) WITHOUT ROWID;
        CREATE TABLE parked (arrival INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, topic TEXT NOT NULL,
            offset INTEGER NOT NULL, subject TEXT NOT NULL, event BLOB NOT NULL, attempts INTEGER NOT NULL,
            next_attempt_at INTEGER, error_kind TEXT, error TEXT, first_failed_at INTEGER);
        CREATE TABLE dead_letters (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL,
            subject TEXT NOT NULL, type TEXT NOT NULL, event BLOB NOT NULL, corrected BLOB, error_kind TEXT NOT NULL,
            error TEXT NOT NULL, signature TEXT NOT NULL, attempts INTEGER NOT NULL, first_failed_at INTEGER NOT NULL,
            died_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open', origin TEXT NOT NULL DEFAULT 'log',
            settled_at INTEGER) WITHOUT ROWID;
        CREATE UNIQUE INDEX dead_letters_by_subject ON dead_letters (subject) WHERE state = 'open';
        CREATE TABLE dead_letter_actions (number INTEGER PRIMARY KEY, event_id BLOB NOT NULL, action TEXT NOT NULL,
            at INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT, detail TEXT);
        CREATE TABLE inbox_pruned (topic TEXT PRIMARY KEY, ids INTEGER NOT NULL, below BLOB NOT NULL) WITHOUT ROWID;
        CREATE TABLE injected (topic TEXT NOT NULL, sequence INTEGER NOT NULL, event_id BLOB, at INTEGER NOT NULL,
            actor TEXT NOT NULL, PRIMARY KEY (topic, sequence)) WITHOUT ROWID;
        CREATE TABLE anomalies (event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL,
            subject TEXT NOT NULL, type TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE trials (topic TEXT NOT NULL, offset INTEGER NOT NULL, deaths INTEGER NOT NULL, signal INTEGER,
            stamp BLOB, at INTEGER NOT NULL, PRIMARY KEY (topic, offset)) WITHOUT ROWID;
        CREATE TABLE consumer_pause (id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL,
            actor TEXT NOT NULL, reason TEXT NOT NULL);
        CREATE TABLE intents (key TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, cause BLOB NOT NULL,
            request BLOB NOT NULL, deadline INTEGER, state TEXT NOT NULL, recorded_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE INDEX intents_open ON intents (state) WHERE state = 'open';
        CREATE INDEX parked_by_subject ON parked (subject, arrival);
        CREATE INDEX parked_by_due ON parked (next_attempt_at) WHERE next_attempt_at IS NOT NULL;
        CREATE INDEX parked_traps ON parked (next_attempt_at) WHERE error_kind = 'trap';
        CREATE INDEX dead_letters_by_place ON dead_letters (topic, offset);
        CREATE INDEX dead_letter_actions_by_letter ON dead_letter_actions (event_id, number);
        """

    static let ledger = """
        CREATE TABLE idempotency_keys (key TEXT PRIMARY KEY, outcome TEXT NOT NULL, request_hash BLOB, status INTEGER,
            response BLOB, bound_at INTEGER NOT NULL) WITHOUT ROWID;
        CREATE TABLE ledger (entry INTEGER PRIMARY KEY, kind TEXT NOT NULL, key TEXT NOT NULL UNIQUE,
            gateway_id TEXT NOT NULL UNIQUE, payment_intent TEXT NOT NULL, order_id TEXT NOT NULL,
            amount INTEGER NOT NULL, currency TEXT NOT NULL, at INTEGER NOT NULL);
        CREATE INDEX refunds_of_payment_intent ON ledger (payment_intent, amount) WHERE kind = 'refund';
        """

    static func tables(_ service: ServiceName) -> String {
        switch service {
        case .order:
            """
            CREATE TABLE orders (order_id BLOB PRIMARY KEY, customer_id TEXT NOT NULL, email TEXT NOT NULL,
                lines TEXT NOT NULL, total_amount INTEGER NOT NULL, currency TEXT NOT NULL,
                idempotency_key TEXT NOT NULL UNIQUE, body_hash TEXT NOT NULL, status TEXT NOT NULL, reason TEXT,
                created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL, cancellation_requested_at INTEGER) WITHOUT ROWID;
            CREATE INDEX orders_by_customer ON orders (customer_id);
            CREATE INDEX orders_cancelled ON orders (reason) WHERE status = 'cancelled';
            CREATE TABLE products (product_id TEXT PRIMARY KEY, name TEXT NOT NULL, unit_price INTEGER NOT NULL,
                currency TEXT NOT NULL) WITHOUT ROWID;
            CREATE TABLE prices (product_id TEXT NOT NULL, from_sequence INTEGER NOT NULL, unit_price INTEGER NOT NULL,
                currency TEXT NOT NULL, PRIMARY KEY (product_id, from_sequence)) WITHOUT ROWID;
            """
        case .inventory:
            """
            CREATE TABLE stock (product_id TEXT PRIMARY KEY, available INTEGER NOT NULL, reserved INTEGER NOT NULL)
                WITHOUT ROWID;
            CREATE TABLE reservations (order_id BLOB PRIMARY KEY, state TEXT NOT NULL, lines TEXT NOT NULL,
                decided_at INTEGER NOT NULL, expires_at INTEGER, released_at INTEGER) WITHOUT ROWID;
            """
        case .payment:
            """
            CREATE TABLE payments (order_id BLOB PRIMARY KEY, state TEXT NOT NULL, amount INTEGER, currency TEXT,
                payment_intent TEXT, failure_reason TEXT, decline_code TEXT, refund TEXT, settled_at INTEGER NOT NULL,
                refunded_at INTEGER) WITHOUT ROWID;
            """
        case .notification:
            """
            CREATE TABLE notifications (order_id BLOB NOT NULL, kind TEXT NOT NULL, event_id BLOB NOT NULL,
                message_id TEXT NOT NULL, state TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (order_id, kind))
                WITHOUT ROWID;
            CREATE TABLE alerts (service TEXT NOT NULL, type TEXT NOT NULL, signature TEXT NOT NULL,
                letters INTEGER NOT NULL, PRIMARY KEY (service, type, signature)) WITHOUT ROWID;
            CREATE TABLE channel_marks (channel TEXT PRIMARY KEY, mark INTEGER NOT NULL) WITHOUT ROWID;
            """
        case .analytics:
            """
            CREATE TABLE order_facts (order_id BLOB PRIMARY KEY, created_at INTEGER, outcome TEXT, reason TEXT,
                outcome_at INTEGER, amount INTEGER, currency TEXT) WITHOUT ROWID;
            CREATE INDEX order_facts_pending ON order_facts (created_at) WHERE outcome IS NULL;
            CREATE TABLE revenue (currency TEXT PRIMARY KEY, amount INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE units (product_id TEXT PRIMARY KEY, sold INTEGER NOT NULL, available INTEGER NOT NULL)
                WITHOUT ROWID;
            CREATE TABLE minutes (minute INTEGER PRIMARY KEY, created INTEGER NOT NULL, confirmed INTEGER NOT NULL,
                cancelled INTEGER NOT NULL);
            CREATE TABLE cancellations (reason TEXT PRIMARY KEY, orders INTEGER NOT NULL) WITHOUT ROWID;
            CREATE TABLE latency (bucket INTEGER PRIMARY KEY, orders INTEGER NOT NULL);
            CREATE TABLE event_counts (type TEXT PRIMARY KEY, events INTEGER NOT NULL) WITHOUT ROWID;
            """
        }
    }
}

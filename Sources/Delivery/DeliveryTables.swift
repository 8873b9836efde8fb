package import GRDB

/// The tables of the patterns, in each service's own database.
package enum DeliveryTables {
    package static func create(_ db: Database) throws {
        try db.execute(
            sql: """
                -- Subscribed events that were applied: catches one id at two offsets.
                CREATE TABLE IF NOT EXISTS inbox (
                    event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL
                ) WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS consumer_positions (
                    topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, token BLOB NOT NULL
                ) WITHOUT ROWID;

                -- Sequences begin at 1; published is the last one known to be in the log.
                CREATE TABLE IF NOT EXISTS outbox_topics (
                    topic TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL, published_sequence INTEGER NOT NULL
                ) WITHOUT ROWID;

                CREATE TABLE IF NOT EXISTS outbox (
                    topic TEXT NOT NULL, sequence INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (topic, sequence)
                ) WITHOUT ROWID;

                -- next_attempt_at is NULL where the event waits behind an earlier one of its subject.
                CREATE TABLE IF NOT EXISTS parked (
                    arrival INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, topic TEXT NOT NULL, offset INTEGER NOT NULL,
                    subject TEXT NOT NULL, event BLOB NOT NULL, attempts INTEGER NOT NULL, next_attempt_at INTEGER,
                    error_kind TEXT, error TEXT, first_failed_at INTEGER
                );
                CREATE INDEX IF NOT EXISTS parked_by_subject ON parked (subject, arrival);
                CREATE INDEX IF NOT EXISTS parked_by_due ON parked (next_attempt_at) WHERE next_attempt_at IS NOT NULL;

                CREATE TABLE IF NOT EXISTS dead_letters (
                    event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL, subject TEXT NOT NULL,
                    event BLOB NOT NULL, error_kind TEXT NOT NULL, error TEXT NOT NULL, attempts INTEGER NOT NULL,
                    first_failed_at INTEGER NOT NULL, died_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open'
                ) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS dead_letters_by_subject ON dead_letters (subject) WHERE state = 'open';

                -- Calls to the outside: recorded before they are made, finished by an answer.
                CREATE TABLE IF NOT EXISTS intents (
                    key TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, cause BLOB NOT NULL, request BLOB NOT NULL,
                    deadline INTEGER, state TEXT NOT NULL, recorded_at INTEGER NOT NULL
                ) WITHOUT ROWID;
                CREATE INDEX IF NOT EXISTS intents_open ON intents (state) WHERE state = 'open';
                """)
    }
}

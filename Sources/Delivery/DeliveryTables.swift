package import GRDB

/// The tables of the patterns, in each service's own database.
package enum DeliveryTables {
    package static func create(_ db: Database) throws {
        try db.execute(sql: consuming + producing + desk + record)
    }

    private static let consuming = """
        -- Subscribed events that were applied: catches one id at two offsets.
        CREATE TABLE IF NOT EXISTS inbox (
            event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- What was pruned of it: how many ids of a topic, all of them below an id.
        CREATE TABLE IF NOT EXISTS inbox_pruned (
            topic TEXT PRIMARY KEY, ids INTEGER NOT NULL, below BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE IF NOT EXISTS consumer_positions (
            topic TEXT PRIMARY KEY, next_offset INTEGER NOT NULL, token BLOB NOT NULL
        ) STRICT, WITHOUT ROWID;

        -- A row while the consumer is paused.
        CREATE TABLE IF NOT EXISTS consumer_pause (
            id INTEGER PRIMARY KEY CHECK (id = 1), since INTEGER NOT NULL, actor TEXT NOT NULL, reason TEXT NOT NULL
        ) STRICT;

        -- What the wall clock was ahead of the monotonic one lately, in microseconds, since the machine's start.
        CREATE TABLE IF NOT EXISTS clock_offsets (
            boot TEXT NOT NULL, ahead INTEGER NOT NULL, last_seen INTEGER NOT NULL, PRIMARY KEY (boot, ahead)
        ) STRICT, WITHOUT ROWID;

        -- Events on which the process died by a trap, and were not decided yet.
        CREATE TABLE IF NOT EXISTS trials (
            topic TEXT NOT NULL, offset INTEGER NOT NULL, deaths INTEGER NOT NULL, signal INTEGER NOT NULL,
            stamp INTEGER NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (topic, offset)
        ) STRICT, WITHOUT ROWID;

        """

    private static let producing = """
        -- Sequences begin at 1; published is the last one known to be in the log.
        CREATE TABLE IF NOT EXISTS outbox_topics (
            topic TEXT PRIMARY KEY, next_sequence INTEGER NOT NULL, published_sequence INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;

        CREATE TABLE IF NOT EXISTS outbox (
            topic TEXT NOT NULL, sequence INTEGER NOT NULL, event BLOB NOT NULL, PRIMARY KEY (topic, sequence)
        ) STRICT, WITHOUT ROWID;

        -- Own events that an operator handed in raw, for a test: the service never decided them.
        CREATE TABLE IF NOT EXISTS injected (
            topic TEXT NOT NULL, sequence INTEGER NOT NULL, event_id BLOB, at INTEGER NOT NULL, actor TEXT NOT NULL,
            PRIMARY KEY (topic, sequence)
        ) STRICT, WITHOUT ROWID;

        -- Calls to the outside: recorded before they are made, finished by an answer.
        CREATE TABLE IF NOT EXISTS intents (
            key TEXT PRIMARY KEY, kind TEXT NOT NULL, subject TEXT NOT NULL, cause BLOB NOT NULL, request BLOB NOT NULL,
            deadline INTEGER, state TEXT NOT NULL, recorded_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX IF NOT EXISTS intents_open ON intents (state) WHERE state = 'open';

        """

    private static let desk = """
        -- next_attempt_at is NULL where the event waits behind an earlier one of its subject.
        CREATE TABLE IF NOT EXISTS parked (
            arrival INTEGER PRIMARY KEY, event_id BLOB NOT NULL UNIQUE, topic TEXT NOT NULL, offset INTEGER NOT NULL,
            subject TEXT NOT NULL, event BLOB NOT NULL, attempts INTEGER NOT NULL, next_attempt_at INTEGER,
            error_kind TEXT, error TEXT, first_failed_at INTEGER
        ) STRICT;
        CREATE INDEX IF NOT EXISTS parked_by_subject ON parked (subject, arrival);
        CREATE INDEX IF NOT EXISTS parked_by_due ON parked (next_attempt_at)
            WHERE next_attempt_at IS NOT NULL AND error_kind IS NOT 'trap';
        CREATE INDEX IF NOT EXISTS parked_traps ON parked (next_attempt_at)
            WHERE next_attempt_at IS NOT NULL AND error_kind = 'trap';

        -- type is '' for bytes that are no event; corrected stands in for event after an edit.
        CREATE TABLE IF NOT EXISTS dead_letters (
            event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL, subject TEXT NOT NULL,
            type TEXT NOT NULL, event BLOB NOT NULL, corrected BLOB, error_kind TEXT NOT NULL, error TEXT NOT NULL,
            signature TEXT NOT NULL, attempts INTEGER NOT NULL, first_failed_at INTEGER NOT NULL,
            died_at INTEGER NOT NULL, state TEXT NOT NULL DEFAULT 'open', origin TEXT NOT NULL DEFAULT 'log',
            settled_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE UNIQUE INDEX IF NOT EXISTS dead_letters_by_subject ON dead_letters (subject) WHERE state = 'open';
        CREATE INDEX IF NOT EXISTS dead_letters_by_place ON dead_letters (topic, offset);

        """

    private static let record = """
        CREATE TABLE IF NOT EXISTS dead_letter_actions (
            number INTEGER PRIMARY KEY, event_id BLOB NOT NULL, action TEXT NOT NULL, at INTEGER NOT NULL,
            actor TEXT NOT NULL, reason TEXT, detail TEXT
        ) STRICT;
        CREATE INDEX IF NOT EXISTS dead_letter_actions_by_letter ON dead_letter_actions (event_id, number);

        -- Events that were applied as nothing, because what they say cannot follow.
        CREATE TABLE IF NOT EXISTS anomalies (
            event_id BLOB PRIMARY KEY, topic TEXT NOT NULL, offset INTEGER NOT NULL, subject TEXT NOT NULL,
            type TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        """
}

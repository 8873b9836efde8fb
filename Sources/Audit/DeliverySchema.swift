import GRDB

/// The delivery tables and columns that the audit reads: what a database must have to be evidence.
enum DeliverySchema {
    private static let columns: [(table: String, columns: [String])] = [
        ("consumer_positions", ["topic", "next_offset", "token"]),
        ("inbox", ["event_id", "topic", "offset"]),
        ("inbox_pruned", ["topic", "ids", "below"]),
        ("outbox_topics", ["topic", "next_sequence", "published_sequence"]),
        ("outbox", ["topic", "sequence", "event"]),
        ("intents", ["key", "kind", "subject", "cause", "request", "deadline", "state", "recorded_at"]),
        ("parked", ["arrival", "event_id", "topic", "offset", "subject", "next_attempt_at"]),
        (
            "dead_letters",
            ["event_id", "topic", "offset", "subject", "type", "event", "corrected", "signature", "state", "origin"]
        ),
        ("dead_letter_actions", ["event_id", "action", "actor", "reason"]),
        ("injected", ["topic", "sequence", "event_id", "actor"]),
        ("anomalies", ["event_id"]),
        ("consumer_pause", ["actor", "reason"]),
    ]

    /// Tables and columns that are not there, as `table` and `table.column`.
    static func missing(in db: Database) throws -> [String] {
        var present: [String: Set<String>] = [:]
        try db.forEachRow(
            """
            SELECT tables.name, columns.name FROM sqlite_master AS tables, pragma_table_info(tables.name) AS columns
            WHERE tables.type = 'table'
            """
        ) { row in
            present[row[0], default: []].insert(row[1])
        }
        return columns.flatMap { table, columns -> [String] in
            guard let known = present[table] else { return [table] }
            return columns.filter { !known.contains($0) }.map { "\(table).\($0)" }
        }
    }

    /// - Throws: `AuditError.unreadable`, naming what is missing.
    static func require(in db: Database, file: String) throws {
        let missing = try missing(in: db)
        guard missing.isEmpty else {
            throw AuditError.unreadable(
                file: file,
                reason:
                    "it has no \(missing.joined(separator: ", ")): an older version made it. Start its service once, "
                    + "or audit it with the version that made it")
        }
    }
}

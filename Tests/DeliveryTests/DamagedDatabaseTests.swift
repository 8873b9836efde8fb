import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import TestSupport
import Testing

/// A database that somebody or something changed: the service says what is wrong with which cell, and never traps.
@Suite("A damaged database")
struct DamagedDatabaseTests {
    private static let values: [DatabaseValue] = [
        (-1).databaseValue, Int64.max.databaseValue, Int64.min.databaseValue, "abc".databaseValue, "".databaseValue,
        "12".databaseValue, .null, Data([1, 2, 3]).databaseValue, 1.5.databaseValue,
    ]

    @Test("a cell of another type is an error that names table, column and what is there")
    func cells() throws {
        try DatabaseQueue().read { db in
            for value in Self.values {
                let row = try #require(try Row.fetchOne(db, sql: "SELECT ? AS column_of_test", arguments: [value]))
                let cell = Cells(row, of: "table_of_test")
                try Self.expect(cell, UInt64.self, fits: (value.storage.value as? Int64 ?? -1) >= 0)
                try Self.expect(cell, Int64.self, fits: value.storage.value is Int64)
                try Self.expect(cell, String.self, fits: value.storage.value is String)
                try Self.expect(cell, Data.self, fits: value.storage.value is Data)
                try Self.expect(cell, EventID.self, fits: false)
                try Self.expect(cell, Bool.self, fits: false)
                try Self.expect(cell, Timestamp?.self, fits: value.isNull || value.storage.value is Int64)
            }
        }
    }

    private static func expect<Value: StoredCell>(_ cell: Cells, _: Value.Type, fits: Bool) throws {
        do {
            _ = try cell(0, as: Value.self)
            #expect(fits, "\(Value.self)")
        } catch let error as DatabaseError {
            #expect(!fits && error.resultCode == .SQLITE_CORRUPT, "\(Value.self): \(error)")
            #expect(error.message?.hasPrefix("table_of_test.column_of_test holds ") == true, "\(error)")
        }
    }

    @Test("an outbox that lacks a row, or holds one too many, is refused at the start")
    func gapAtTheStart() throws {
        for sql in [
            "DELETE FROM outbox WHERE sequence = 2", "DELETE FROM outbox WHERE sequence = 4", "DELETE FROM outbox",
            "UPDATE outbox_topics SET next_sequence = next_sequence + 1",
            "UPDATE outbox_topics SET next_sequence = 9223372036854775807",
            "INSERT INTO outbox SELECT topic, next_sequence, x'00' FROM outbox_topics",
        ] {
            let harness = try Harness()
            for number in 0..<4 { try harness.emit(World.Ordered(), "o-\(number)") }
            _ = try harness.consumer.turn()
            try harness.execute(sql)
            let gap = #expect(throws: OutboxGap.self, "\(sql)") { try harness.restart() }
            #expect(gap?.description.contains("inventory.db holds") == true, "\(sql)")
        }
    }

    @Test("counters, positions and rows at the desk that cannot be are named at the start, with the file")
    func rowsAtTheStart() throws {
        for (sql, cell) in [
            ("UPDATE outbox_topics SET next_sequence = -1", "outbox_topics.next_sequence"),
            ("UPDATE outbox_topics SET published_sequence = -9223372036854775808", "outbox_topics.published_sequence"),
            ("UPDATE consumer_positions SET next_offset = -1", "consumer_positions.next_offset"),
            ("INSERT INTO trials VALUES ('t', -1, 1, 4, 1, 1)", "trials.offset"),
            ("INSERT INTO trials VALUES ('t', 1, 1, 9223372036854775807, 1, 1)", "trials.signal"),
        ] {
            let harness = try Harness()
            try harness.emit(World.Ordered(), "o")
            try harness.run()
            try harness.execute(sql)
            let error = #expect(throws: DatabaseError.self, "\(sql)") { try harness.restart() }
            #expect(error?.resultCode == .SQLITE_CORRUPT)
            #expect(error?.message?.contains("inventory.db: \(cell) holds") == true, "\(error?.message ?? "")")
        }
    }

    @Test("tables of an older version become STRICT and keep their rows and indexes")
    func olderTables() throws {
        let harness = try Harness()
        try harness.emit(World.Ordered(), "a")
        try harness.run()
        try harness.execute("INSERT INTO intents VALUES ('k', 'kind', 's', x'00', x'01', NULL, 'finished', 5)")
        let before = try Self.rows(harness)
        try Self.loosen(harness)
        try harness.restart()
        #expect(
            try harness.count(
                "SELECT count(*) FROM pragma_table_list WHERE schema = 'main' AND strict = 0 AND name NOT LIKE 'sqlite%' AND name <> 'totals' AND name <> 'journal'"
            ) == 0)
        #expect(try harness.count("PRAGMA user_version") == DatabaseVersion.current)
        #expect(try Self.rows(harness) == before)
        #expect(try harness.count("SELECT count(*) FROM sqlite_master WHERE name = 'intents_open'") == 1)
        #expect(try harness.count("SELECT count(*) FROM sqlite_master WHERE name LIKE '%before_strict'") == 0)
        try harness.emit(World.Ordered(), "b")
        try harness.run()
        #expect(try harness.events(.inventory).count == 2)
    }

    @Test("a row of an older version that does not fit its column is refused, and nothing is changed")
    func olderRowsThatDoNotFit() throws {
        let harness = try Harness()
        try Self.loosen(harness)
        try harness.execute("INSERT INTO inbox VALUES (x'01', 'orders', 'abc')")
        let refused = #expect(throws: DatabaseRefused.self) { try harness.restart() }
        #expect(refused?.description.contains("inbox.offset") == true, "\(refused?.description ?? "")")
    }

    @Test("a database of a newer version, or none, is refused")
    func notOurs() throws {
        let harness = try Harness()
        try harness.execute("PRAGMA user_version = 99")
        #expect(throws: DatabaseRefused.self) { try harness.restart() }

        let directory = try TemporaryDirectory()
        #expect(throws: DatabaseRefused.self) { try ServiceDatabase(path: directory.path) }
        let noise = directory.path + "/noise.db"
        try Data(repeating: 0x5A, count: 8192).write(to: URL(fileURLWithPath: noise))
        let error = #expect(throws: DatabaseError.self) { try ServiceDatabase(path: noise) }
        #expect(error?.resultCode == .SQLITE_NOTADB)
        #expect(error?.message?.contains(noise) == true)
    }

    /// As the version before made the tables.
    private static func loosen(_ harness: Harness) throws {
        try harness.execute("PRAGMA writable_schema = ON")
        try harness.execute(
            """
            UPDATE sqlite_schema SET sql = replace(replace(sql, ') STRICT, WITHOUT', ') WITHOUT'), ') STRICT', ')')
            """)
        try harness.execute("PRAGMA writable_schema = RESET")
        try harness.execute("PRAGMA user_version = 0")
    }

    private static func rows(_ harness: Harness) throws -> [String] {
        try harness.node.database.read { db in
            let tables = try String.fetchAll(
                db, sql: "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1")
            return try tables.flatMap { try Row.fetchAll(db, sql: "SELECT * FROM \"\($0)\"").map { "\($0)" } }
        }
    }
}

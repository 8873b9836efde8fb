import Contracts
import Foundation
import GRDB

/// What can be done to a run at rest that its owner would not start on.
struct RefusedState: Sendable {
    let name: String
    let service: ServiceName
    /// False where the run has nothing of that kind.
    let make: @Sendable (_ directory: String) throws -> Bool

    static let all = databases + files + log

    // MARK: - Rows

    private static let databases: [RefusedState] = [
        rows(
            "published past the log",
            "UPDATE outbox_topics SET next_sequence = next_sequence + 5, published_sequence = next_sequence + 4"),
        rows("published past what was made", "UPDATE outbox_topics SET published_sequence = next_sequence + 1"),
        rows("published below 0", "UPDATE outbox_topics SET published_sequence = -1"),
        rows(
            "published before the rows that were pruned",
            "UPDATE outbox_topics SET published_sequence = published_sequence - 1"),
        rows("the next sequence is 0", "UPDATE outbox_topics SET next_sequence = 0"),
        rows("the next sequence is 1", "UPDATE outbox_topics SET next_sequence = 1"),
        rows("the next sequence is below 0", "UPDATE outbox_topics SET next_sequence = -9223372036854775808"),
        rows(
            "the next sequence is the last one there can be",
            "UPDATE outbox_topics SET next_sequence = 9223372036854775807"),
        rows("an event was made and is in no outbox", "UPDATE outbox_topics SET next_sequence = next_sequence + 1"),
        rows("the counters are gone", "DELETE FROM outbox_topics"),
        rows(
            "a row waits that was never made",
            "INSERT INTO outbox SELECT topic, next_sequence + 3, x'00' FROM outbox_topics"),
        rows("a position past the end", "UPDATE consumer_positions SET next_offset = next_offset + 1000"),
        rows("a position below 0", "UPDATE consumer_positions SET next_offset = -1"),
        rows("the last position there can be", "UPDATE consumer_positions SET next_offset = 9223372036854775807"),
        rows("positions began anew with tokens of the end", "UPDATE consumer_positions SET next_offset = 0"),
        rows("a token of noise", "UPDATE consumer_positions SET next_offset = next_offset - 1, token = x'00010203'"),
        rows(
            "a token of another topic",
            "UPDATE consumer_positions SET next_offset = 1, token = (SELECT max(token) FROM consumer_positions AS other WHERE other.topic <> consumer_positions.topic)"
        ),
        rows("calls are open that were answered", of: .payment, "UPDATE intents SET state = 'open'"),
        rows("messages are open that were sent", of: .notification, "UPDATE intents SET state = 'open'"),
        rows("a call without its cause", of: .payment, "UPDATE intents SET state = 'open', cause = x'00'"),
        rows(
            "a parked event without an id",
            "INSERT INTO parked VALUES (1, x'0102', 'orders', 0, 's', x'00', 0, 1, 'x', 'x', 1)"),
        rows(
            "a parked event before the beginning",
            "INSERT INTO parked VALUES (1, zeroblob(16), 'orders', -1, 's', x'00', 0, 1, 'x', 'x', 1)"),
        rows(
            "a parked event with attempts below 0",
            "INSERT INTO parked VALUES (1, zeroblob(16), 'orders', 0, 's', x'00', -5, 1, 'x', 'x', 1)"),
        rows("a trap before the beginning", "INSERT INTO trials VALUES ('orders', -1, 1, 4, 1, 1)"),
        rows("more traps than can be counted", "INSERT INTO trials VALUES ('orders', 0, 1, 9223372036854775807, 1, 1)"),
        rows("a newer version made it", "PRAGMA user_version = 99"),
        rows(
            "a view in the place of the pause",
            "DROP TABLE consumer_pause; CREATE VIEW consumer_pause AS SELECT 1 AS since"),
        rows("a table without its columns", "DROP TABLE trials; CREATE TABLE trials (a)"),
        rows(
            "a trigger against every event",
            "CREATE TRIGGER no BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END"),
    ]

    private static func rows(_ name: String, of service: ServiceName = .inventory, _ sql: String) -> RefusedState {
        RefusedState(name: name, service: service) { directory in
            let database = try DatabaseQueue(path: path(of: service, in: directory))
            defer { try? database.close() }  // put back anyway
            return try database.inDatabase { db in
                try db.execute(sql: "PRAGMA ignore_check_constraints = ON")
                try db.execute(sql: sql)
                return true
            }
        }
    }

    // MARK: - The database's file

    private static let files: [RefusedState] = [
        file("a header of noise") { try write(Data(repeating: 0x5A, count: 100), at: 0, to: $0) },
        file("a file of noise") {
            try Data((0..<40_000).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 5) }).write(to: url($0))
        },
        file("an empty file") { try Data().write(to: url($0)) },
        file("half of it") { path in
            let size = try Data(contentsOf: url(path)).count
            guard truncate(path, off_t(size / 2)) == 0 else { throw CocoaError(.fileWriteUnknown) }
        },
        file("nothing") { try FileManager.default.removeItem(atPath: $0) },
        file("a directory") { path in
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
        },
        file("a link to nothing") { path in
            try FileManager.default.removeItem(atPath: path)
            try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: path + "-elsewhere/gone.db")
        },
        file("pages of zeros behind the first") { path in
            let size = try Data(contentsOf: url(path)).count
            try write(Data(count: size - 4096), at: 4096, to: path)
        },
    ]

    private static func file(_ name: String, _ change: @escaping @Sendable (String) throws -> Void) -> RefusedState {
        RefusedState(name: "the database is \(name)", service: .inventory) { directory in
            try change(path(of: .inventory, in: directory))
            return true
        }
    }

    // MARK: - The log

    private static let log: [RefusedState] = [
        topic("the commit page is noise") { try write(Data(repeating: 0x5A, count: 64), at: 0, to: $0 + "/commit") },
        topic("the commit page vouches for more") { try write(Data([0xFF, 0xFF]), at: 16, to: $0 + "/commit") },
        topic("the last writer there can be") {
            try write(Data(repeating: 0xFF, count: 4), at: 24, to: $0 + "/commit")
        },
        topic("the commit page is another topic's") {
            try write(Data(repeating: 1, count: 16), at: 32, to: $0 + "/commit")
        },
        topic("a start record of noise") { try Data(repeating: 1, count: 64).write(to: url($0 + "/start")) },
        topic("segments are gone") { folder in
            for name in try segments(folder) { try FileManager.default.removeItem(atPath: folder + "/" + name) }
        },
        topic("segments are archived without a start record") { folder in
            let archive = folder.replacing("/log/", with: "/archive/")
            try FileManager.default.createDirectory(atPath: archive, withIntermediateDirectories: true)
            for name in try segments(folder) {
                try FileManager.default.moveItem(atPath: folder + "/" + name, toPath: archive + "/" + name)
            }
        },
        topic("a bit of the first frame") { folder in
            guard let name = try segments(folder).last else { return }
            try write(Data([0xEE]), at: 200, to: folder + "/" + name)
        },
        topic("a segment of noise") { folder in
            guard let name = try segments(folder).last else { return }
            try write(Data(repeating: 0x5A, count: 4096), at: 0, to: folder + "/" + name)
        },
    ]

    private static func topic(_ name: String, _ change: @escaping @Sendable (String) throws -> Void) -> RefusedState {
        RefusedState(name: "inventory's topic: \(name)", service: .inventory) { directory in
            try change(directory + "/log/inventory")
            return true
        }
    }

    private static func segments(_ folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(".segment") }.sorted()
    }

    // MARK: - Bytes

    private static func path(of service: ServiceName, in directory: String) -> String {
        "\(directory)/db/\(service.rawValue)/\(service.rawValue).db"
    }

    private static func url(_ path: String) -> URL { URL(fileURLWithPath: path) }

    private static func write(_ bytes: Data, at offset: UInt64, to path: String) throws {
        let file = try FileHandle(forUpdating: url(path))
        try file.seek(toOffset: offset)
        try file.write(contentsOf: bytes)
        try file.close()
    }
}

import Delivery
import Foundation
import GRDB
import Testing
import TestSupport

@Suite("Durability of a service's database")
struct DurabilityTests {
    @Test("a fresh and a reopened database both run with WAL and synchronous FULL")
    func pragmas() throws {
        let directory = try TemporaryDirectory()
        for _ in 0..<2 {
            let database = try ServiceDatabase(path: "\(directory.path)/a.db")
            let (journal, synchronous, foreignKeys) = try database.read { db in
                (
                    try String.fetchOne(db, sql: "PRAGMA journal_mode"),
                    try Int.fetchOne(db, sql: "PRAGMA synchronous"),
                    try Int.fetchOne(db, sql: "PRAGMA foreign_keys")
                )
            }
            #expect(journal == "wal")
            #expect(synchronous == 2)
            #expect(foreignKeys == 1)
            try database.transaction { try $0.execute(sql: "CREATE TABLE IF NOT EXISTS t (a)") }
            try database.close()
        }
    }

    @Test("each commit is synced to the disk before it returns")
    func everyCommitIsSynced() throws {
        let directory = try TemporaryDirectory()
        let database = try ServiceDatabase(path: CountingVFS.path("\(directory.path)/a.db"))
        try database.transaction { try $0.execute(sql: "CREATE TABLE t (a)") }
        func syncsOfCommits(_ count: Int) throws -> Int {
            let before = CountingVFS.syncs
            for number in 0..<count {
                try database.transaction { try $0.execute(sql: "INSERT INTO t VALUES (?)", arguments: [number]) }
            }
            return CountingVFS.syncs - before
        }
        #expect(try syncsOfCommits(50) == 50)
        // The counter tells FULL from NORMAL, which syncs no commit.
        try database.read { try $0.execute(sql: "PRAGMA synchronous = NORMAL") }
        #expect(try syncsOfCommits(50) == 0)
    }

    @Test("a database that cannot have a write-ahead log is refused")
    func refusesWithoutWAL() throws {
        // A database in memory has no log file: its journal mode stays "memory".
        #expect(throws: DurabilityError.self) { try ServiceDatabase(path: ":memory:") }
    }

    @Test(
        "a commit into a file that was removed, moved or replaced is a fatal fault", arguments: ["", "moved", "copied"])
    func moved(place: String) throws {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/a.db"
        let database = try ServiceDatabase(path: path)
        try database.transaction { try $0.execute(sql: "CREATE TABLE t (a)") }
        switch place {
        case "moved": try FileManager.default.moveItem(atPath: path, toPath: path + "-moved")
        case "copied":
            try FileManager.default.moveItem(atPath: path, toPath: path + "-moved")
            try FileManager.default.copyItem(atPath: path + "-moved", toPath: path)
        default: try FileManager.default.removeItem(atPath: path)
        }
        let error = #expect(throws: DatabaseMoved(path: path)) {
            try database.transaction { try $0.execute(sql: "INSERT INTO t VALUES (1)") }
        }
        guard case .fatal? = error.map(Fault.classify) else {
            Issue.record("\(error as Any) is not fatal")
            return
        }
    }

    @Test("a transaction whose body throws leaves nothing")
    func rollsBack() throws {
        let directory = try TemporaryDirectory()
        let database = try ServiceDatabase(path: "\(directory.path)/a.db")
        try database.transaction { try $0.execute(sql: "CREATE TABLE t (a)") }
        #expect(throws: Broken.self) {
            try database.transaction { db in
                try db.execute(sql: "INSERT INTO t VALUES (1)")
                throw Broken("no")
            }
        }
        #expect(try database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM t") } == 0)
    }
}

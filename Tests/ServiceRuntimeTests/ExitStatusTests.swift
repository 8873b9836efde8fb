import Contracts
@testable import Delivery
import EventLog
import FileEventLog
import GRDB
import Testing

@testable import ServiceRuntime

@Suite("Exit codes")
struct ExitStatusTests {
    @Test("what a restart cannot change ends with 78, which the supervisor takes as the last word")
    func refused() {
        let errors: [any Error] = [
            DatabaseError(resultCode: .SQLITE_CORRUPT), DatabaseError(resultCode: .SQLITE_NOTADB),
            DatabaseError(resultCode: .SQLITE_CORRUPT_INDEX),
            DatabaseError(resultCode: .SQLITE_ERROR, message: "no such table: inbox"),
            DatabaseError(resultCode: .SQLITE_CONSTRAINT_DATATYPE), DatabaseError(resultCode: .SQLITE_MISMATCH),
            DatabaseError(resultCode: .SQLITE_SCHEMA),
            DatabaseRefused(path: "order.db", reason: "it is of a newer version"),
            OutboxGap(topic: .orders, expected: 3, found: 4, database: "order.db"),
            OutboxGap(topic: .orders, expected: 3, found: nil, database: "order.db"),
            OutboxMismatch(topic: .orders, inLog: 3, marked: 1, nextSequence: 0, database: "order.db"),
            LogError.corrupt(topic: .orders, file: "commit", byte: 0, reason: "not a commit page"),
            LogError.foreignPosition(topic: .orders, offset: 3, reason: "another log"),
        ]
        for error in errors { #expect(ExitStatus.code(for: error) == ExitStatus.refused, "\(error)") }
    }

    @Test("what may pass ends with a code that the supervisor restarts after")
    func mayPass() {
        #expect(ExitStatus.code(for: DatabaseError(resultCode: .SQLITE_IOERR)) == ExitStatus.poisoned)
        #expect(ExitStatus.code(for: DatabaseError(resultCode: .SQLITE_FULL)) == ExitStatus.poisoned)
        #expect(ExitStatus.code(for: DiskError("sync", "order.db-wal", errno: 5)) == ExitStatus.poisoned)
        #expect(ExitStatus.code(for: DiskError("open", "order.db-wal", errno: 13)) == ExitStatus.failure)
        #expect(ExitStatus.code(for: DatabaseError(resultCode: .SQLITE_BUSY)) == ExitStatus.failure)
        #expect(ExitStatus.code(for: DatabaseError(resultCode: .SQLITE_CANTOPEN)) == ExitStatus.failure)
    }
}

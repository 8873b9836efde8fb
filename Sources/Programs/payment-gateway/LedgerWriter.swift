import GRDB
import GRDBSQLite
import ProcessIO
import Synchronization

/// Decides commands in the order they come, many a transaction, and answers after the commit.
///
/// *Guarantee*: what `submit` returns is on disk.
/// *Why*: what arrives while a commit syncs goes into the next one, so one sync serves many; there is no timer, and
/// the work runs on the database's own queue, never on the cooperative pool.
/// *If broken*: the shop is told of a charge that a power loss takes back.
final class LedgerWriter: Sendable {
    /// Commands a transaction takes at most.
    static let largestBatch = 512

    private struct Waiting: Sendable {
        let command: LedgerCommand
        let continuation: CheckedContinuation<Decision, any Error>
    }

    private struct State {
        var waiting: [Waiting] = []
        var draining = false
        /// Set by a failed disk: nothing is decided any more.
        var poison: LedgerFailed?
    }

    private let ledger: Ledger
    private let database: DatabaseQueue
    private let counters: Counters
    private let path: String
    private let onDiskFailure: @Sendable (LedgerFailed) -> Void
    private let state = Mutex(State())

    init(
        ledger: Ledger, database: DatabaseQueue, counters: Counters,
        onDiskFailure: @escaping @Sendable (LedgerFailed) -> Void
    ) {
        self.ledger = ledger
        self.database = database
        self.counters = counters
        path = database.path
        self.onDiskFailure = onDiskFailure
    }

    func submit(_ command: LedgerCommand) async throws -> Decision {
        try await withCheckedThrowingContinuation { continuation in
            let waiting = Waiting(command: command, continuation: continuation)
            let (poison, starts) = state.withLock { state -> (LedgerFailed?, Bool) in
                if let poison = state.poison { return (poison, false) }
                state.waiting.append(waiting)
                if state.draining { return (nil, false) }
                state.draining = true
                return (nil, true)
            }
            if let poison { continuation.resume(throwing: poison) }
            if starts { database.asyncWriteWithoutTransaction { self.drain($0) } }
        }
    }

    /// Commands that no transaction has taken up yet.
    var waitingCount: Int { state.withLock { $0.waiting.count } }

    /// What the writing connection says of its durability.
    func pragmas() throws -> LedgerDatabase.Pragmas {
        try database.writeWithoutTransaction { try LedgerDatabase.Pragmas(readFrom: $0) }
    }

    /// Closes the database; everything answered is in it.
    func close() throws {
        try database.close()
    }

    // MARK: On the database's queue

    private func drain(_ db: Database) {
        while let batch = nextBatch() {
            do {
                answer(batch, with: try commit(batch, in: db))
            } catch {
                commitOneByOne(batch, in: db)
            }
        }
    }

    private func nextBatch() -> [Waiting]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.draining = false
                return nil
            }
            if state.waiting.count <= Self.largestBatch {
                defer { state.waiting = [] }
                return state.waiting
            }
            defer { state.waiting.removeFirst(Self.largestBatch) }
            return Array(state.waiting.prefix(Self.largestBatch))
        }
    }

    private func commit(_ batch: [Waiting], in db: Database) throws -> [Decision] {
        var decisions: [Decision] = []
        decisions.reserveCapacity(batch.count)
        do {
            try db.inTransaction(.immediate) {
                for waiting in batch {
                    decisions.append(try ledger.decide(waiting.command, in: db))
                }
                return .commit
            }
            try requireInPlace(db)
        } catch {
            failIfDiskFailed(error)
            throw error
        }
        return decisions
    }

    /// *Guarantee*: what is answered is in the file that has the ledger's name. *If broken*: a data directory that somebody
    /// removed takes charges with it that the shop was told of.
    private func requireInPlace(_ db: Database) throws {
        var isMoved: CInt = 0
        sqlite3_file_control(db.sqliteConnection, "main", SQLITE_FCNTL_HAS_MOVED, &isMoved)
        guard isMoved == 0 else { throw FileReplaced(path: path, isGone: true) }
    }

    /// A batch that failed was rolled back whole; alone, only the command that cannot be decided fails.
    private func commitOneByOne(_ batch: [Waiting], in db: Database) {
        for waiting in batch {
            do {
                if let poison = state.withLock({ $0.poison }) { throw poison }
                answer([waiting], with: try commit([waiting], in: db))
            } catch {
                waiting.continuation.resume(throwing: error)
            }
        }
    }

    private func answer(_ batch: [Waiting], with decisions: [Decision]) {
        counters.countCommit(decisions)
        for (waiting, decision) in zip(batch, decisions) {
            waiting.continuation.resume(returning: decision)
        }
    }

    /// A disk that failed once is not asked again: a sync that succeeds after one that failed proves nothing.
    private func failIfDiskFailed(_ error: any Error) {
        let failure: LedgerFailed
        switch error {
        case let error as FileReplaced:
            failure = LedgerFailed(what: "\(error)", exitCode: FileReplaced.exitCode, isReplaced: true)
        case let error as DatabaseError
        where [.SQLITE_IOERR, .SQLITE_CORRUPT, .SQLITE_NOTADB].contains(error.resultCode):
            failure = LedgerFailed(what: "\(error)", exitCode: Main.exitCode(forLedger: error))
        default: return
        }
        let first = state.withLock { state in
            defer { state.poison = state.poison ?? failure }
            return state.poison == nil
        }
        if first { onDiskFailure(failure) }
    }
}

/// The ledger's disk or file failed; whether the last commit holds is not known until the gateway starts again.
struct LedgerFailed: Error, CustomStringConvertible {
    let what: String
    let exitCode: Int32
    /// The disk is well; somebody took the file away.
    var isReplaced = false

    var description: String {
        if isReplaced { return "\(what); nothing more is answered" }
        return
            "the ledger's disk failed (\(what)); nothing more is answered, check the disk and start the gateway again"
    }
}

import Foundation
import GRDB
import Testing
import TestSupport

@testable import payment_gateway

@Suite("The one writer", .timeLimit(.minutes(5)))
struct LedgerWriterTests {
    let directory: TemporaryDirectory
    let ledger: OpenLedger

    init() throws {
        directory = try TemporaryDirectory()
        ledger = try OpenLedger(in: directory)
    }

    @Test("each commit is synced: WAL and FULL, read back from the writing connection")
    func pragmas() throws {
        let pragmas = try ledger.writer.pragmas()
        #expect(pragmas.journalMode == "wal")
        #expect(pragmas.synchronous == LedgerDatabase.Pragmas.full)
        #expect(pragmas.busyTimeoutMilliseconds == 5000)
    }

    @Test("a connection that would lose commits is refused")
    func refusesWeakPragmas() throws {
        let database = try DatabaseQueue(path: directory.path + "/weak.db")
        try database.writeWithoutTransaction { db in
            try db.execute(sql: "PRAGMA journal_mode = WAL")
            try db.execute(sql: "PRAGMA synchronous = NORMAL")
            let pragmas = try LedgerDatabase.Pragmas(readFrom: db)
            #expect(throws: LedgerNotDurable.self) { try pragmas.check(path: "weak.db") }
        }
    }

    @Test("five hundred equal charges at once capture once and get the same bytes")
    func equalCharges() async throws {
        let bodies = try await submitAll(try (0..<500).map { _ in try .charge("charge:1") }).map(\.body)
        #expect(bodies.count == 500)
        #expect(Set(bodies).count == 1)
        #expect(try ledger.entries() == ["capture 1999 GBP"])
    }

    @Test("of a void and a capture at once exactly one wins, and all agree which")
    func voidAgainstCapture() async throws {
        let keys = (0..<100).map { "charge:\($0)" }
        let commands = try keys.flatMap { key in
            try [LedgerCommand.charge(key), .void(key), .charge(key), .void(key)].shuffled()
        }
        _ = try await submitAll(commands.shuffled())
        var captured = 0
        for key in keys {
            let charge = try await ledger.writer.submit(.charge(key))
            let void = try await ledger.writer.submit(.void(key))
            #expect([200, 409].contains(charge.status))
            #expect(void["status"] == (charge.status == 200 ? "succeeded" : "voided"))
            captured += charge.status == 200 ? 1 : 0
        }
        #expect(try ledger.count("capture") == captured)
    }

    @Test("charges that come together share transactions")
    func groupCommit() async throws {
        // While the queue is held, everything waits; then it goes into as few transactions as fit.
        let released = DispatchSemaphore(value: 0)
        ledger.database.asyncWriteWithoutTransaction { _ in released.wait() }
        let writer = ledger.writer
        let commands = try (0..<1000).map { try LedgerCommand.charge("charge:\($0)") }
        let all = Task { try await submitAll(commands) }
        while writer.waitingCount < 1000 { await Task.yield() }
        released.signal()
        let decisions = try await all.value
        #expect(decisions.allSatisfy { $0.status == 200 })
        #expect(try ledger.count("capture") == 1000)
        let commits = try #require(
            ledger.counters.text(waiting: 0).split(separator: "\n").first {
                $0.hasPrefix("payment_gateway_commits_total ")
            })
        #expect(commits == "payment_gateway_commits_total 2", "1000 commands at \(LedgerWriter.largestBatch) a batch")
    }

    @Test("a command that cannot be decided fails alone")
    func oneFailsAlone() async throws {
        // A row that the ledger refuses: its key is taken by a row that no key is bound to.
        try ledger.execute(
            """
            INSERT INTO ledger (kind, key, gateway_id, payment_intent, order_id, amount, currency, at)
            VALUES ('capture', 'charge:13', 'pi_odd', 'pi_odd', 'odd', 1, 'GBP', 0)
            """)
        let released = DispatchSemaphore(value: 0)
        ledger.database.asyncWriteWithoutTransaction { _ in released.wait() }
        let writer = ledger.writer
        let commands = try (0..<50).map { try LedgerCommand.charge("charge:\($0)") }
        let results = Task {
            await withTaskGroup(of: Bool.self) { group in
                for command in commands {
                    group.addTask { (try? await writer.submit(command).status) == 200 }
                }
                return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
            }
        }
        while writer.waitingCount < 50 { await Task.yield() }
        released.signal()
        #expect(await results.value == 49)
        #expect(try ledger.count("capture") == 50)
        #expect(try await writer.submit(.look("charge:13"))["status"] == "unknown", "half a decision was kept")
    }

    private func submitAll(_ commands: [LedgerCommand]) async throws -> [Decision] {
        let writer = ledger.writer
        return try await withThrowingTaskGroup(of: Decision.self) { group in
            for command in commands {
                group.addTask { try await writer.submit(command) }
            }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

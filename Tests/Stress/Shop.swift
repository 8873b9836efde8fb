import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Synchronization

/// A shop of two services, as small as one can be that uses every pattern. `order` takes commands and says Placed and
/// Noted of each number; `inventory` answers Placed with Held and a call to the outside, whose answer is Returned; `order`
/// closes what was returned. Of every fifty numbers one breaks a rule until that is mended, and one fails twice.
enum Shop {
    struct Placed: EventPayload {
        static let type = "v1.Placed"
        var number: Int
    }

    /// Behind Placed, of the same subject: waits where that one waits.
    struct Noted: EventPayload {
        static let type = "v1.Noted"
    }

    struct Held: EventPayload {
        static let type = "v1.Held"
    }

    struct Returned: EventPayload {
        static let type = "v1.Returned"
        var answer: String
    }

    struct Closed: EventPayload {
        static let type = "v1.Closed"
    }

    static func subject(_ number: Int) -> String { "order-\(number)" }

    // MARK: - Order

    static func order() -> ServiceCard {
        ServiceCard(
            name: .order,
            subscriptions: [Subscription(.inventory, OnHeld()), Subscription(.inventory, OnReturned())],
            facts: [
                OwnFact(Count<Placed>("placed")), OwnFact(Count<Noted>("noted")), OwnFact(Count<Closed>("closed")),
            ],
            digest: [DigestTable("orders", key: ["subject"], columns: ["subject", "placed", "closed"])],
            createTables: { try create("orders", ["placed", "noted", "held", "returned", "closed"], $0) })
    }

    /// Places a number, once however often it is asked.
    struct Place: CommandHandler {
        func decide(_ number: Int, at now: Timestamp, in db: Database) throws -> CommandDecision<Int> {
            let subject = Shop.subject(number)
            let isKnown = try Bool.fetchOne(
                db, sql: "SELECT EXISTS (SELECT 1 FROM orders WHERE subject = ?)", arguments: [subject])
            if isKnown == true { return CommandDecision(reply: number) }
            let correlation = CorrelationID(high: 1, low: UInt64(number))
            return CommandDecision(
                reply: number, command: Command(key: "place:\(subject)", correlationID: correlation, at: now),
                outgoing: [.event(Placed(number: number), subject: subject), .event(Noted(), subject: subject)])
        }
    }

    private struct OnHeld: EventHandler {
        func apply(_ event: Delivered<Held>, in db: Database) throws {
            try Shop.add("held", of: event.envelope.subject, in: "orders", db)
        }

        func decide(_ event: Delivered<Held>, in db: Database) throws -> [Outgoing] { [] }
    }

    private struct OnReturned: EventHandler {
        func apply(_ event: Delivered<Returned>, in db: Database) throws {
            try Shop.add("returned", of: event.envelope.subject, in: "orders", db)
        }

        func decide(_ event: Delivered<Returned>, in db: Database) throws -> [Outgoing] {
            [.event(Closed(), subject: event.envelope.subject)]
        }
    }

    // MARK: - Inventory

    static func inventory(_ weather: Weather) -> ServiceCard {
        ServiceCard(
            name: .inventory,
            subscriptions: [Subscription(.orders, OnPlaced(weather: weather)), Subscription(.orders, OnNoted())],
            facts: [OwnFact(Count<Held>("held", in: "shelf")), OwnFact(Count<Returned>("returned", in: "shelf"))],
            discards: [
                Discard(Placed.self) { event, _, _ in
                    [.event(Returned(answer: "given up"), subject: event.subject)]
                }
            ],
            digest: [DigestTable("shelf", key: ["subject"], columns: ["subject", "held", "returned"])],
            createTables: { try create("shelf", ["noted", "held", "returned"], $0) })
    }

    private struct OnPlaced: EventHandler {
        let weather: Weather

        func decide(_ event: Delivered<Placed>, in db: Database) throws -> [Outgoing] {
            let subject = event.envelope.subject
            try weather.check(event.payload.number)
            return [
                .event(Held(), subject: subject),
                .call(
                    CallRequest(
                        key: "give:\(subject)", kind: "give", subject: subject, body: Array("give \(subject)".utf8))),
            ]
        }
    }

    private struct OnNoted: EventHandler {
        func apply(_ event: Delivered<Noted>, in db: Database) throws {
            try Shop.add("noted", of: event.envelope.subject, in: "shelf", db)
        }

        func decide(_ event: Delivered<Noted>, in db: Database) throws -> [Outgoing] { [] }
    }

    // MARK: - Tables

    /// Counts an own fact; a second application shows.
    private struct Count<Payload: EventPayload>: FactApplier {
        let column: String
        let table: String

        init(_ column: String, in table: String = "orders") {
            self.column = column
            self.table = table
        }

        func apply(_ fact: Delivered<Payload>, in db: Database) throws {
            try Shop.add(column, of: fact.envelope.subject, in: table, db)
        }
    }

    private static func add(_ column: String, of subject: String, in table: String, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO \(table) (subject, \(column)) VALUES (?, 1)
                ON CONFLICT (subject) DO UPDATE SET \(column) = \(column) + 1
                """,
            arguments: [subject])
    }

    private static func create(_ table: String, _ columns: [String], _ db: Database) throws {
        let counters = columns.map { "\($0) INTEGER NOT NULL DEFAULT 0" }.joined(separator: ", ")
        try db.execute(sql: "CREATE TABLE IF NOT EXISTS \(table) (subject TEXT PRIMARY KEY, \(counters)) WITHOUT ROWID")
    }
}

/// Which events fail, and for how long.
final class Weather: Sendable {
    private let isMended = Atomic(false)
    private let failures = Mutex<[Int: Int]>([:])

    struct Passing: Error {}

    /// What broke a rule so far no longer does.
    func mend() {
        isMended.store(true, ordering: .relaxed)
    }

    func check(_ number: Int) throws {
        switch number % 50 {
        case 0 where !isMended.load(ordering: .relaxed):
            throw EventFault.brokenRule("number \(number) breaks a rule")
        case 25:
            let count = failures.withLock { failures in
                failures[number, default: 0] += 1
                return failures[number] ?? 0
            }
            // Two attempts at most, of three; one where the batch it fails in is handled once more, with savepoints.
            if count <= 2 { throw Passing() }
        default:
            break
        }
    }
}

/// The other side: slow, and of every eight calls one is lost.
final class Outside: OutsideCaller {
    struct Lost: Error {}

    static let concurrency = 16
    private let underWay = Mutex((now: 0, most: 0))
    private let findings: Findings

    init(_ findings: Findings) {
        self.findings = findings
    }

    /// Calls at a time, at most.
    var most: Int { underWay.withLock { $0.most } }

    func question(for intent: Intent, isOverdue: Bool, in db: Database) throws -> String { intent.key }

    func ask(_ question: String) async throws -> String {
        underWay.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
        defer { underWay.withLock { $0.now -= 1 } }
        try await Task.sleep(for: .microseconds(Int64.random(in: 0...2000)))
        if Int.random(in: 0..<8) == 0 { throw Lost() }
        return "given for \(question)"
    }

    func settle(_ intent: Intent, _ answer: String, isOverdue: Bool, in db: Database) throws -> [Outgoing] {
        findings.expect(answer == "given for \(intent.key)", "\(intent.key) got the answer '\(answer)'")
        return [.event(Shop.Returned(answer: answer), subject: intent.subject)]
    }
}

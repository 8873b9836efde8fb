import Contracts
import Delivery
import Foundation
import GRDB

/// Where in the log a service met an order's events, or handed some in.
struct EventPlaces {
    private(set) var all: [(topic: Topic, offset: UInt64)] = []

    /// Events handed in raw for a test that are looked at, the latest of them.
    private static let injectedLimit = 256

    init(_ ids: TrailIDs, _ db: Database) throws {
        let inbox = try db.makeStatement(sql: "SELECT topic, offset FROM inbox WHERE event_id = ?")
        for id in ids.events.union(ids.announcements) {
            guard let row = try Row.fetchOne(inbox, arguments: [Data(id.bytes)]) else { continue }
            let cell = Cells(row, of: "inbox")
            all.append((Topic(try cell(0)), try cell(1)))
        }
        try addInjected(since: ids.order, db)
    }

    /// Raw events have any id, and one of them may repeat an event of the order: whose they are, the log tells. A topic has
    /// one writer, so the event with the sequence n stands at n - 1.
    private mutating func addInjected(since order: OrderID, _ db: Database) throws {
        guard try db.tableExists("injected") else { return }
        let rows = try Row.fetchAll(
            db, sql: "SELECT topic, sequence FROM injected WHERE at >= ? ORDER BY sequence DESC LIMIT ?",
            arguments: [Int64(clamping: order.milliseconds) * 1000, Self.injectedLimit])
        for row in rows {
            let cell = Cells(row, of: "injected")
            all.append((Topic(try cell(0)), max(1, try cell(1)) - 1))
        }
    }
}

import Contracts
import EventLog

/// How many pieces are left, as far as Inventory has said so in the log.
///
/// Order owns prices and outcomes; pieces are Inventory's. What is known here is what everybody may read: the topic
/// `inventory`, added up. It is a hint for whoever looks into the window: only Inventory's answer to an order counts.
///
/// Not shared between tasks; its calls block.
final class StockWindow {
    /// What became of an order at Inventory.
    enum Shelf: String, Encodable, Sendable {
        case reserved, rejected, released
    }

    /// Orders remembered, the latest: enough for whoever watches an order that was placed just now.
    static let maximumOrders = 50_000
    /// A look, at most: a long log is counted in several.
    static let maximumEventsALook = 100_000
    private static let batchEvents = 4096
    private static let batchBytes = 4 << 20

    private let log: any EventLog
    private var reader: (any TopicReader)?
    /// False where the log no longer holds the beginning, so that a sum says nothing.
    private var hasBeginning = true
    private var pieces: [String: Int64] = [:]
    private(set) var shelves: [OrderID: Shelf] = [:]
    /// Those of `shelves`, the oldest first.
    private var orders: [OrderID] = []
    /// Events not counted yet.
    private(set) var behind: UInt64 = 0

    init(_ log: any EventLog) {
        self.log = log
    }

    deinit { reader?.close() }

    /// Nil where it is not known: the beginning was archived, or there is more to count.
    var stock: [String: Int64]? { hasBeginning && behind == 0 ? pieces : nil }

    /// Counts what came since the last look.
    func look() throws {
        let reader = try opened()
        var left = Self.maximumEventsALook
        while left > 0 {
            let batch = try reader.read(maximumEvents: min(left, Self.batchEvents), maximumBytes: Self.batchBytes)
            if batch.isEmpty { break }
            for event in batch { count(event) }
            left -= batch.count
        }
        behind = try reader.end() - reader.position.nextOffset
    }

    private func opened() throws -> any TopicReader {
        if let reader { return reader }
        let reader = try log.openReader(of: .inventory, from: nil)
        hasBeginning = reader.position.nextOffset == 0
        self.reader = reader
        return reader
    }

    /// What cannot be read changes nothing here: the consumers deal with it.
    private func count(_ logged: LoggedEvent) {
        guard let event = try? EventCoding.decode(logged.bytes) else { return }
        switch event.type {
        case V1.StockAdjusted.type:
            guard let adjusted = try? V1.StockAdjusted.decoded(from: event.data) else { return }
            pieces[event.subject, default: 0] += adjusted.delta
        case V1.StockReserved.type:
            guard let reserved = try? V1.StockReserved.decoded(from: event.data) else { return }
            for line in reserved.lines { pieces[line.productID, default: 0] -= line.quantity }
            note(event.orderID, .reserved)
        case V1.StockReleased.type:
            guard let released = try? V1.StockReleased.decoded(from: event.data) else { return }
            for line in released.lines { pieces[line.productID, default: 0] += line.quantity }
            note(event.orderID, .released)
        case V1.StockRejected.type: note(event.orderID, .rejected)
        default: break
        }
    }

    private func note(_ id: OrderID?, _ shelf: Shelf) {
        guard let id else { return }
        if shelves.updateValue(shelf, forKey: id) == nil { orders.append(id) }
        // In one piece, now and then: each removal moves all that stay.
        guard orders.count >= 2 * Self.maximumOrders else { return }
        for old in orders.prefix(Self.maximumOrders) { shelves[old] = nil }
        orders.removeFirst(Self.maximumOrders)
    }
}

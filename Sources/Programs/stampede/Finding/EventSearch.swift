import Contracts
import Delivery
import EventLog
import Foundation
import GRDB

/// Finds the order of an event by the event's id.
///
/// An inbox or a desk that met the event tells where it lies. Of an event that nobody met yet the id itself tells: it
/// begins with the millisecond in which its order was placed, so that the few orders of that millisecond are asked for
/// their ids; and what a request or a timer caused lies in the log around its own millisecond.
struct EventSearch {
    let data: DataDirectory

    /// Orders of one millisecond that are looked at.
    private static let orderLimit = 10_000

    /// A database that cannot be read is passed by: the order's story names it.
    ///
    /// - Throws: `Failure.noOrderOfEvent` where the event is about something else.
    func order(of event: EventID) throws -> OrderID? {
        if let order = try fromServices(event) { return order }
        if let order = try fromOrders(event) { return order }
        return try fromLog(event)
    }

    private func fromServices(_ event: EventID) throws -> OrderID? {
        for service in ServiceName.allCases {
            let known = try readable(data.database(of: service)) {
                db -> (subject: String?, place: (topic: String, offset: UInt64)?) in
                let id: StatementArguments = [Data(event.bytes)]
                let subject =
                    try String.fetchOne(db, sql: "SELECT subject FROM dead_letters WHERE event_id = ?", arguments: id)
                    ?? String.fetchOne(db, sql: "SELECT subject FROM parked WHERE event_id = ?", arguments: id)
                return (
                    subject,
                    try Row.fetchOne(db, sql: "SELECT topic, offset FROM inbox WHERE event_id = ?", arguments: id).map {
                        let cell = Cells($0, of: "inbox")
                        return (try cell(0), try cell(1))
                    }
                )
            }
            if let order = known?.subject.flatMap({ OrderID($0) }) { return order }
            guard let place = known?.place, DataDirectory.isDirectory(data.log) else { continue }
            let search = try TopicSearch(Topic(place.topic), Logbook(data))
            guard let found = try search.event(at: place.offset) else { continue }
            return try order(found.event, event)
        }
        return nil
    }

    /// Those of the same millisecond.
    private func fromOrders(_ event: EventID) throws -> OrderID? {
        let time = Timestamp(microseconds: Int64(clamping: event.milliseconds) * 1000)
        let rows = try readable(data.database(of: .order)) { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT order_id, cancellation_requested_at FROM orders WHERE order_id >= ? AND order_id < ? LIMIT ?
                    """,
                arguments: [
                    Data(EventID.lowest(at: time).bytes), Data(EventID.lowest(at: time + .milliseconds(1)).bytes),
                    Self.orderLimit,
                ]
            ).map { row -> (order: OrderID, asked: Timestamp?) in
                let cell = Cells(row, of: "orders")
                return (try cell(0), try cell(1))
            }
        }
        return (rows ?? []).lazy.compactMap { order, asked -> OrderID? in
            var ids = TrailIDs(order)
            if let asked { ids.addRequest(at: asked) }
            return ids.events.contains(event) || ids.announcements.contains(event) ? order : nil
        }.first
    }

    private func readable<Value>(_ path: String, _ body: (Database) throws -> Value) throws -> Value? {
        do {
            return try Evidence.read(path, body)
        } catch Failure.unreadable {
            return nil
        }
    }

    private func fromLog(_ event: EventID) throws -> OrderID? {
        let logbook = Logbook(data)
        guard DataDirectory.isDirectory(data.log) else { return nil }
        let time = Timestamp(microseconds: Int64(clamping: event.milliseconds) * 1000)
        for topic in try logbook.topics() {
            let search = try TopicSearch(topic, logbook)
            try search.look(around: time) { $0.id == event || $0.correlatedOrder == event.rebound() }
            for offset in search.found.sorted() {
                guard let found = try search.event(at: offset) else { continue }
                if let order = try order(found.event, event) { return order }
            }
        }
        return nil
    }

    /// The order that it is about, or that its checkout placed.
    private func order(_ event: LoggedEvent, _ id: EventID) throws -> OrderID? {
        let envelope = try EventCoding.decode(event.bytes)
        if let order = envelope.orderID { return order }
        guard [V1.StockAdjusted.type, V1.StockRanLow.type].contains(envelope.type) else {
            return envelope.correlationID.rebound()
        }
        throw Failure.noOrderOfEvent(id.description, type: envelope.type, subject: envelope.subject)
    }
}

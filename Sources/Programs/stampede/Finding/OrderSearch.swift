import Contracts
import EventLog
import Foundation
import GRDB

/// Finds the orders that a name means: by the indexes of Order's database, without it in the log.
struct OrderSearch {
    let data: DataDirectory

    /// Orders of one customer that are listed, the newest of them.
    static let limit = 100

    /// - Returns: at least one; several, newest first, of a customer alone.
    /// - Throws: `Failure.noOrder`, `.ambiguousOrder`.
    func orders(named name: OrderName) throws -> [OrderID] {
        if let id = name.id {
            if try isKnown(id) { return [id] }
            // Nothing knows it as an event: the story says whether anybody knows it as an order.
            return [try EventSearch(data: data).order(of: id.rebound()) ?? id]
        }
        if let event = name.messageEvent, let order = try EventSearch(data: data).order(of: event) { return [order] }
        var found = try orders(idempotencyKey: name.text) + orders(customer: name.text)
        if let ending = name.ending { found += try orders(ending: ending) }
        let unique = Set(found).sorted(by: >)
        guard !unique.isEmpty else { throw Failure.noOrder(name.text, data: data.path) }
        let ofOneCustomer = try orders(customer: name.text).count == unique.count
        guard unique.count == 1 || ofOneCustomer else {
            throw Failure.ambiguousOrder(name.text, candidates: unique.map(\.description))
        }
        return unique
    }

    /// Newest first.
    func orders(customer: String) throws -> [OrderID] {
        try query(
            "SELECT order_id FROM orders WHERE customer_id = ? ORDER BY order_id DESC LIMIT \(Self.limit)", [customer])
    }

    private func orders(idempotencyKey: String) throws -> [OrderID] {
        try query("SELECT order_id FROM orders WHERE idempotency_key = ?", [idempotencyKey])
    }

    /// By the smallest index, which holds every order's id; in the log where Order has no database.
    func orders(ending: OrderEnding) throws -> [OrderID] {
        let found = try query(
            "SELECT order_id FROM orders WHERE substr(order_id, ?) = ? ORDER BY order_id",
            [-ending.bytes.count, Data(ending.bytes)]
        ).filter(ending.matches)
        return found.isEmpty ? try ordersInLog(ending) : found
    }

    /// False, too, where Order's database cannot be read: the story names it.
    func isKnown(_ id: OrderID) throws -> Bool {
        do {
            return try !query("SELECT order_id FROM orders WHERE order_id = ?", [Data(id.bytes)]).isEmpty
        } catch Failure.unreadable {
            return false
        }
    }

    private func query(_ sql: String, _ arguments: StatementArguments) throws -> [OrderID] {
        try Evidence.read(data.database(of: .order)) { db in
            try Data.fetchAll(db, sql: sql, arguments: arguments).compactMap { OrderID(bytes: $0) }
        } ?? []
    }

    /// Reads all of the topic: for a directory whose Order never ran, or lost its database.
    private func ordersInLog(_ ending: OrderEnding) throws -> [OrderID] {
        let logbook = Logbook(data)
        guard DataDirectory.isDirectory(data.log), try logbook.topics().contains(.orders) else { return [] }
        let filter = EventFilter(types: [V1.OrderCreated.type], order: nil)
        var found: Set<OrderID> = []
        try logbook.read(.orders, from: logbook.firstOffset(of: .orders), to: logbook.end(of: .orders)) { event in
            guard filter.takes(event) else { return }
            let order = event.bytes.withUnsafeBytes { EventHead($0)?.order }
            if let order, ending.matches(order) { found.insert(order) }
        }
        return found.sorted()
    }
}

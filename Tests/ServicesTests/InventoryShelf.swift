import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import Testing

@testable import InventoryService

/// Inventory with stock on its shelves.
final class InventoryShelf {
    let service: ServiceHarness

    init(
        _ stock: [String: Int64] = [:], log: InMemoryEventLog = InMemoryEventLog(),
        clock: ManualClock = ManualClock(ServiceHarness.start), seed: UInt64 = 1, hold: Duration = .seconds(600)
    ) throws {
        service = try ServiceHarness(InventoryService.card(hold: hold), log: log, clock: clock, seed: seed)
        if !stock.isEmpty { try take("initial", stock) }
    }

    @discardableResult
    func take(_ key: String, _ stock: [String: Int64]) throws -> Int {
        let counts = stock.sorted { $0.key < $1.key }.map { StockTaking.Count(productID: $0.key, available: $0.value) }
        return try take(StockTaking.Request(key: key, counts: counts))
    }

    func take(_ request: StockTaking.Request) throws -> Int {
        let taking = StockTaking(randomness: service.randomness)
        return try service.node.execute { db, now in try taking.decide(request, at: now, in: db) }
    }

    /// As Order emits it.
    @discardableResult
    func order(_ lines: [(String, Int64)], _ order: OrderID? = nil) throws -> OrderID {
        let order = order ?? service.newOrderID()
        try service.emit(Self.created(lines), order: order, on: .orders)
        return order
    }

    static func created(_ lines: [(String, Int64)]) -> V1.OrderCreated {
        Sample.created(
            lines.map { OrderLine(productID: $0.0, quantity: $0.1, unitPrice: 100) },
            total: Money(amount: 100, currency: "GBP"))
    }

    func available(_ product: String) throws -> Int64? {
        try service.node.database.read { try InventoryStore.available(product, $0) }
    }

    func reserved(_ product: String) throws -> Int {
        try service.count("SELECT reserved FROM stock WHERE product_id = ?", [product])
    }

    func types() throws -> [String] {
        try service.events(.inventory).map(\.type).filter { $0 != V1.StockAdjusted.type }
    }

    func state(_ order: OrderID) throws -> String? {
        try service.rows("SELECT state FROM reservations WHERE order_id = ?", [Data(order.bytes)]).first?["state"]
    }
}

/// The inventory topic folded by hand: an account that shares nothing with the service's tables.
struct InventoryAccount {
    private(set) var available: [String: Int64] = [:]
    private(set) var held: [OrderID: [StockLine]] = [:]
    private(set) var released: Set<OrderID> = []
    private(set) var rejected: Set<OrderID> = []

    /// Checks every prefix: never below zero, one answer an order, one release a reservation.
    init(_ events: [Envelope]) throws {
        for event in events {
            switch event.type {
            case V1.StockAdjusted.type:
                available[event.subject, default: 0] += try V1.StockAdjusted.decoded(from: event.data).delta
                #expect(available[event.subject, default: 0] >= 0, "\(event.subject) below zero")
            case V1.StockReserved.type:
                let order = try #require(event.orderID)
                #expect(
                    held[order] == nil && !rejected.contains(order) && !released.contains(order),
                    "\(order) answered twice")
                let lines = try V1.StockReserved.decoded(from: event.data).lines
                for line in lines {
                    available[line.productID, default: 0] -= line.quantity
                    #expect(available[line.productID, default: 0] >= 0, "\(line.productID) oversold to \(order)")
                }
                held[order] = lines
            case V1.StockRejected.type:
                let order = try #require(event.orderID)
                #expect(held[order] == nil && !released.contains(order), "\(order) answered twice")
                #expect(rejected.insert(order).inserted, "\(order) rejected twice")
                for shortage in try V1.StockRejected.decoded(from: event.data).shortages {
                    #expect(shortage.available == available[shortage.productID, default: 0])
                    #expect(shortage.available < shortage.requested, "\(order) turned away though there was enough")
                }
            case V1.StockReleased.type:
                let order = try #require(event.orderID)
                let lines = try #require(held[order], "\(order) released without being held")
                held[order] = nil
                #expect(try V1.StockReleased.decoded(from: event.data).lines == lines)
                released.insert(order)
                for line in lines { available[line.productID, default: 0] += line.quantity }
            default:
                Issue.record("\(event.type) on the inventory topic")
            }
        }
    }

    func reserved(_ product: String) -> Int64 {
        held.values.joined().reduce(0) { $0 + ($1.productID == product ? $1.quantity : 0) }
    }
}

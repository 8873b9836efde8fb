import Contracts
import Delivery
import Foundation
import Testing

@testable import InventoryService

@Suite("Inventory: stock taking")
struct InventoryStockTakingTests {
    private func refusal(_ body: () throws -> Void) throws -> StockTaking.Refusal? {
        do {
            try body()
            return nil
        } catch let refusal as StockTaking.Refusal {
            return refusal
        }
    }

    private func adjustments(_ shelf: InventoryShelf) throws -> [String] {
        try shelf.service.runUntilIdle()
        return try shelf.service.payloads(V1.StockAdjusted.self, on: .inventory).map {
            "\($0.subject) \($0.payload.reason) \($0.payload.delta) \($0.payload.adjustmentKey)"
        }
    }

    @Test("a product's first stock is initial, zero pieces too; later ones are adjustments of the difference")
    func initial() throws {
        let shelf = try InventoryShelf()
        #expect(try shelf.take("k1", ["A": 10, "B": 0]) == 2)
        #expect(try shelf.take("k2", ["A": 4, "B": 3]) == 2)
        #expect(
            try adjustments(shelf) == ["A initial 10 k1", "B initial 0 k1", "A adjustment -6 k2", "B adjustment 3 k2"])
        #expect(try shelf.available("A") == 4)
        #expect(try shelf.available("B") == 3)
        #expect(try shelf.service.events(.inventory).allSatisfy { $0.causationID == nil })
        #expect(try shelf.service.rebuiltDomain(seed: 1) == shelf.service.domain())
    }

    @Test("it counts what is available, not what was sold")
    func afterSales() throws {
        let shelf = try InventoryShelf(["A": 10])
        try shelf.order([("A", 7)])
        try shelf.service.runUntilIdle()
        try shelf.take("k2", ["A": 10])
        #expect(try shelf.available("A") == 10)
        #expect(try shelf.reserved("A") == 7)
    }

    @Test("the same key and product is done once, though stock was sold in between", arguments: [10, 4, 25] as [Int64])
    func sameKey(wanted: Int64) throws {
        let shelf = try InventoryShelf(["A": 10])
        try shelf.take("again", ["A": wanted])
        try shelf.order([("A", 3)])
        try shelf.service.runUntilIdle()
        let left = try #require(try shelf.available("A"))
        #expect(left == wanted - 3)
        #expect(try shelf.take("again", ["A": wanted]) == 0)
        try shelf.service.restart()
        #expect(try shelf.take("again", ["A": wanted]) == 0)
        #expect(try shelf.available("A") == left)
    }

    @Test("nothing to change is told as an adjustment of zero, and not counted as a change")
    func zero() throws {
        let shelf = try InventoryShelf(["A": 10])
        #expect(try shelf.take("k2", ["A": 10]) == 0)
        #expect(try adjustments(shelf) == ["A initial 10 initial", "A adjustment 0 k2"])
        #expect(try shelf.service.rebuiltDomain(seed: 1) == shelf.service.domain())
    }

    @Test("a key that comes again with more products, at the same time, makes events with ids of their own")
    func growingRequest() throws {
        let shelf = try InventoryShelf()
        try shelf.take("k", ["A": 1])
        #expect(try shelf.take("k", ["A": 1, "B": 2]) == 1)
        #expect(try shelf.take("k", ["A": 1, "B": 2, "C": 3, "D": 4]) == 2)
        try shelf.service.runUntilIdle()
        let events = try shelf.service.events(.inventory)
        #expect(events.map(\.subject) == ["A", "B", "C", "D"])
        #expect(Set(events.map(\.id)).count == 4)
    }

    struct Case: CustomStringConvertible, Sendable {
        let description: String
        let field: String?
        let request: StockTaking.Request

        init(_ description: String, _ field: String?, key: String = "k", _ counts: [(String, Int64)]) {
            self.description = description
            self.field = field
            request = StockTaking.Request(
                key: key, counts: counts.map { StockTaking.Count(productID: $0.0, available: $0.1) })
        }
    }

    static let cases = [
        Case("below zero", "stock[1].available", [("A", 0), ("B", -1)]),
        Case("the most", nil, [("A", 1_000_000_000_000)]),
        Case("one more", "stock[0].available", [("A", 1_000_000_000_001)]),
        Case("a product twice", "stock[1].productId", [("A", 1), ("A", 1)]),
        Case("no products", "stock", []),
        Case("a nameless product", "stock[0].productId", [("", 1)]),
        Case("a name of 64", nil, [(String(repeating: "p", count: 64), 1)]),
        Case("a name of 65", "stock[0].productId", [(String(repeating: "p", count: 65), 1)]),
        Case("no key", "key", key: "", [("A", 1)]),
        Case("a key of 200", nil, key: String(repeating: "k", count: 200), [("A", 1)]),
        Case("a key of 201", "key", key: String(repeating: "k", count: 201), [("A", 1)]),
    ]

    @Test("every bound holds on both sides; nothing of a refused request remains", arguments: cases)
    func bounds(_ one: Case) throws {
        let shelf = try InventoryShelf()
        let refused = try refusal { _ = try shelf.take(one.request) }
        #expect(refused?.field == one.field)
        let rows = try ["stock", "adjustments", "outbox"].map { try shelf.service.count("SELECT count(*) FROM \($0)") }
        #expect(rows == (one.field == nil ? [1, 1, 1] : [0, 0, 0]))
    }
}

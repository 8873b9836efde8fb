package import Delivery

/// What operators reach Inventory by.
package struct InventoryDoors: Sendable {
    package let stock: CommandQueue<StockTaking>

    /// Countings that wait at most.
    private static let waiting = 64

    package init(node: ServiceNode, randomness: any Randomness) {
        stock = CommandQueue(node: node, limit: Self.waiting, handler: StockTaking(randomness: randomness))
    }

    /// What Inventory runs besides its core.
    package var parts: [ServicePart] {
        [ServicePart("stock taking", on: .database) { [stock] in try await stock.run() }]
    }
}

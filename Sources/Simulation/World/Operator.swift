import Contracts
import Delivery
import InventoryService
import OrderService

/// Who loads the shop before the sale, and adds some stock in the middle of it.
struct Operator {
    let world: World

    func start() -> Task<Void, Never> {
        Task(executorPreference: world.executor) {
            do {
                try await loadProducts()
                try await take(world.shop.stock, key: "initial")
                world.isStocked = true
                try await world.time.sleep(for: world.options.span / 2)
                let first = world.shop.stock[0]
                try await take([.init(productID: first.productID, available: first.available)], key: "again")
            } catch is CancellationError {
                return  // the world has ended
            } catch {
                world.fail(.refusal, "the shop could not be stocked: \(error)")
            }
            world.isOperatorDone = true
        }
    }

    private func loadProducts() async throws {
        while true {
            if let process = world.process(.order), let node = process.node, !process.isDead {
                do {
                    try node.execute { db, _ in
                        try Catalog.load(world.shop.products, db)
                        return CommandDecision(reply: ())
                    }
                    if !process.isDead { return }
                } catch {
                    // A full disk, or a process that is gone: tried again.
                    if case .fatal = Fault.classify(error), !process.isDead { world.ended(process, because: error) }
                }
            }
            try await pause()
        }
    }

    private func take(_ counts: [StockTaking.Count], key: String) async throws {
        while true {
            if let process = world.process(.inventory), let stock = process.inventoryDoors?.stock {
                do {
                    _ = try await stock.submit(StockTaking.Request(key: key, counts: counts))
                    if !process.isDead { return }
                } catch is CommandUnavailable {
                    // Tried again, under the same key.
                }
            }
            try await pause()
        }
    }

    private func pause() async throws {
        try await world.time.sleep(for: .milliseconds(200))
    }
}

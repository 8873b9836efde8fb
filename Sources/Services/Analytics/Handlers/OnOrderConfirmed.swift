import Contracts
import Delivery
import GRDB

/// An order was paid for: revenue, pieces sold, and the time it took.
struct OnOrderConfirmed: EventHandler {
    func apply(_ event: Delivered<V1.OrderConfirmed>, in db: Database) throws {
        try FigureStore.count(V1.OrderConfirmed.type, db)
        let took = try OrderFactStore.ended(event.orderID, "confirmed", .confirmed, reason: nil, at: event.time, db)
        if let took { try FigureStore.took(took, db) }
        try FigureStore.minute(event.time, confirmed: 1, db)
        let total = event.payload.total
        #if MUTANTS
            if Mutant.revenueCountedTwice.isOn { try FigureStore.earn(total.amount, total.currency, db) }
        #endif
        try FigureStore.earn(total.amount, total.currency, db)
        for line in event.payload.lines { try FigureStore.move(line.productID, sold: line.quantity, db) }
    }

    func decide(_ event: Delivered<V1.OrderConfirmed>, in db: Database) throws -> [Outgoing] { [] }
}

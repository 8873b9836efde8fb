import Contracts
import Delivery
import GRDB

/// An order ended unpaid, or was paid back: then its revenue and its pieces are taken off again.
struct OnOrderCancelled: EventHandler {
    func apply(_ event: Delivered<V1.OrderCancelled>, in db: Database) throws {
        try FigureStore.count(V1.OrderCancelled.type, db)
        let reason = event.payload.reason
        let took = try OrderFactStore.ended(
            event.orderID, "cancelled", .cancelled, reason: reason.rawValue, at: event.time, db)
        if let took { try FigureStore.took(took, db) }
        try FigureStore.minute(event.time, cancelled: 1, db)
        try FigureStore.cancel(for: reason.rawValue, db)
        #if MUTANTS
            if Mutant.refundKeptAsRevenue.isOn { return }
        #endif
        guard reason == .refunded else { return }
        try FigureStore.earn(FigureStore.negated(event.payload.total.amount), event.payload.total.currency, db)
        for line in event.payload.lines {
            try FigureStore.move(line.productID, sold: FigureStore.negated(line.quantity), db)
        }
    }

    func decide(_ event: Delivered<V1.OrderCancelled>, in db: Database) throws -> [Outgoing] { [] }
}

import Contracts
import Delivery
import GRDB

/// What sets an order's stock free: once, whichever fact comes first.
enum Release {
    static func decide<Payload>(_ event: Delivered<Payload>, _ reason: ReleaseReason, in db: Database) throws
        -> [Outgoing]
    {
        let order = try event.orderID
        guard let reservation = try InventoryStore.reservation(order, db), reservation.state != .rejected else {
            throw EventFault.brokenRule(
                "\(event.envelope.type) speaks of order \(order), for which nothing was set aside")
        }
        let released = Outgoing.event(V1.StockReleased(lines: reservation.lines, reason: reason), order: order)
        #if MUTANTS
            if Mutant.stockReleasedTwice.isOn { return [released] }
        #endif
        return reservation.state == .released ? [] : [released]
    }
}

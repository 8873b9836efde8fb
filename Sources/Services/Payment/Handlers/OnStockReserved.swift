import Contracts
import Delivery
import GRDB

/// Charges the card for stock that is set aside, once; or answers at once that it will not.
struct OnStockReserved: EventHandler {
    func decide(_ event: Delivered<V1.StockReserved>, in db: Database) throws -> [Outgoing] {
        let order = try event.orderID
        if try PaymentStore.payment(order, db) != nil { return [] }
        if try Intent.exists(key: "charge:\(order)", db) { return [] }
        if try PaymentStore.isCancellationRequested(order, db) {
            return [.event(V1.PaymentFailed(reason: .cancelledByCustomer, declineCode: nil), order: order)]
        }
        #if MUTANTS
            if Mutant.expiryIgnored.isOn { return [try GatewayCaller.charge(event.payload, order: order)] }
        #endif
        // The hold as a span of time: a clock that was set since does not end it.
        guard event.age < event.payload.expiresAt - event.time else {
            return [.event(V1.PaymentFailed(reason: .expired, declineCode: nil), order: order)]
        }
        return [try GatewayCaller.charge(event.payload, order: order)]
    }
}

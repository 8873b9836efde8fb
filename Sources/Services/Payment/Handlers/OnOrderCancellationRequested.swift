import Contracts
import Delivery
import GRDB

/// Keeps the customer's request, and pays back what was captured already.
///
/// Nothing reserved yet: it answers the reservation when that comes. A charge under way: its answer settles it, or the
/// key is voided instead of asked again. Failed or refunded: nothing is left to do.
struct OnOrderCancellationRequested: EventHandler {
    func apply(_ event: Delivered<V1.OrderCancellationRequested>, in db: Database) throws {
        #if MUTANTS
            if Mutant.earlyCancellationForgotten.isOn, try PaymentStore.isUnanswered(try event.orderID, db) { return }
        #endif
        try PaymentStore.insertCancellation(try event.orderID, event.envelope, db)
    }

    func decide(_ event: Delivered<V1.OrderCancellationRequested>, in db: Database) throws -> [Outgoing] {
        let order = try event.orderID
        guard let payment = try PaymentStore.payment(order, db), payment.state == .succeeded else { return [] }
        guard let amount = payment.amount, let paymentIntent = payment.paymentIntent else {
            throw EventFault.brokenRule("the capture of order \(order) has no amount")
        }
        if try Intent.exists(key: "refund:\(order)", db) { return [] }
        return [try GatewayCaller.refund(order, amount, paymentIntent: paymentIntent, because: event.envelope)]
    }
}

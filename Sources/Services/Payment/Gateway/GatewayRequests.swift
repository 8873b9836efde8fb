import Contracts
import Foundation

/// A charge in the shape of Stripe's payment intents. Encoded once, sent unchanged under one key.
struct ChargeBody: Codable, Equatable {
    var amount: Int64
    var currency: String
    var paymentMethod: String
    var confirm = true
    var metadata: [String: String]

    init(_ reservation: V1.StockReserved, order: OrderID) {
        amount = reservation.total.amount
        currency = reservation.total.currency.lowercased()
        paymentMethod = reservation.cardToken
        metadata = ["order_id": order.description]
    }

    private enum CodingKeys: String, CodingKey {
        case amount, currency, confirm, metadata
        case paymentMethod = "payment_method"
    }
}

struct RefundBody: Codable, Equatable {
    var paymentIntent: String
    var amount: Int64
    var currency: String
    var metadata: [String: String]

    init(paymentIntent: String, amount: Money, order: OrderID) {
        self.paymentIntent = paymentIntent
        self.amount = amount.amount
        currency = amount.currency.lowercased()
        metadata = ["order_id": order.description]
    }

    private enum CodingKeys: String, CodingKey {
        case amount, currency, metadata
        case paymentIntent = "payment_intent"
    }
}

extension Encodable {
    func sortedJSON() throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(self))
    }
}

import Contracts

/// A charge in the shape of Stripe's payment intents. Encoded once, sent unchanged under one key.
struct ChargeBody: Codable, Equatable {
    struct Metadata: Codable, Equatable {
        var orderID: String

        private enum CodingKeys: String, CodingKey {
            case orderID = "order_id"
        }
    }

    var amount: Int64
    var confirm = true
    var currency: String
    var metadata: Metadata
    var paymentMethod: String

    init(_ reservation: V1.StockReserved, order: OrderID) {
        self.init(
            amount: reservation.total.amount, currency: reservation.total.currency.lowercased(),
            order: order.description, paymentMethod: reservation.cardToken)
    }

    private init(amount: Int64, currency: String, order: String, paymentMethod: String) {
        self.amount = amount
        self.currency = currency
        metadata = Metadata(orderID: order)
        self.paymentMethod = paymentMethod
    }

    private enum CodingKeys: String, CodingKey {
        case amount, confirm, currency, metadata
        case paymentMethod = "payment_method"
    }
}

struct RefundBody: Codable, Equatable {
    var amount: Int64
    var currency: String
    var metadata: ChargeBody.Metadata
    var paymentIntent: String

    init(paymentIntent: String, amount: Money, order: OrderID) {
        self.init(
            amount: amount.amount, currency: amount.currency.lowercased(), order: order.description,
            paymentIntent: paymentIntent)
    }

    private init(amount: Int64, currency: String, order: String, paymentIntent: String) {
        self.amount = amount
        self.currency = currency
        metadata = ChargeBody.Metadata(orderID: order)
        self.paymentIntent = paymentIntent
    }

    private enum CodingKeys: String, CodingKey {
        case amount, currency, metadata
        case paymentIntent = "payment_intent"
    }
}

// MARK: - Canonical form

extension ChargeBody: CanonicalJSON {
    func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"amount":"#)
        writer.integer(amount)
        writer.raw(confirm ? #","confirm":true"# : #","confirm":false"#)
        writer.raw(#","currency":"#)
        writer.string(currency)
        writer.raw(#","metadata":{"order_id":"#)
        writer.string(metadata.orderID)
        writer.raw(#"},"payment_method":"#)
        writer.string(paymentMethod)
        writer.raw("}")
    }

    static func read(from reader: inout CanonicalJSONReader) -> ChargeBody? {
        guard reader.skip(#"{"amount":"#), let amount = reader.integer(),
            reader.skip(#","confirm":true,"currency":"#), let currency = reader.string(),
            reader.skip(#","metadata":{"order_id":"#), let order = reader.string(),
            reader.skip(#"},"payment_method":"#), let paymentMethod = reader.string(), reader.skip("}")
        else { return nil }
        return ChargeBody(amount: amount, currency: currency, order: order, paymentMethod: paymentMethod)
    }
}

extension RefundBody: CanonicalJSON {
    func write(to writer: inout CanonicalJSONWriter) {
        writer.raw(#"{"amount":"#)
        writer.integer(amount)
        writer.raw(#","currency":"#)
        writer.string(currency)
        writer.raw(#","metadata":{"order_id":"#)
        writer.string(metadata.orderID)
        writer.raw(#"},"payment_intent":"#)
        writer.string(paymentIntent)
        writer.raw("}")
    }

    static func read(from reader: inout CanonicalJSONReader) -> RefundBody? {
        guard reader.skip(#"{"amount":"#), let amount = reader.integer(),
            reader.skip(#","currency":"#), let currency = reader.string(),
            reader.skip(#","metadata":{"order_id":"#), let order = reader.string(),
            reader.skip(#"},"payment_intent":"#), let paymentIntent = reader.string(), reader.skip("}")
        else { return nil }
        return RefundBody(amount: amount, currency: currency, order: order, paymentIntent: paymentIntent)
    }
}

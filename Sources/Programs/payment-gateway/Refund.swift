import Foundation

/// A checked request to give money back: `POST /v1/refunds`.
struct Refund: Sendable {
    let key: IdempotencyKey
    let requestHash: Data
    let paymentIntent: String
    /// Minor units, above zero.
    let amount: Int64
    let metadata: Metadata

    init(key: IdempotencyKey, body: Data) throws(Refusal) {
        let fields = try RequestJSON.decode(Fields.self, from: body)
        guard fields.amount > 0 else {
            throw .invalid(parameter: "amount", "amount must be above zero, in minor units.")
        }
        guard fields.amount <= Charge.largestAmount else {
            throw .invalid(
                parameter: "amount", code: "amount_too_large",
                "amount must be at most \(Charge.largestAmount), in minor units.")
        }
        self.key = key
        self.requestHash = RequestJSON.hash(of: "refund", body: body)
        self.paymentIntent = fields.payment_intent
        self.amount = fields.amount
        self.metadata = try Metadata(fields.metadata ?? [:])
    }

    private struct Fields: Decodable {
        let payment_intent: String
        let amount: Int64
        let metadata: [String: String]?

        enum CodingKeys: CodingKey {
            case payment_intent, amount, metadata
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            amount = try fields.decodeNumber(Int64.self, forKey: .amount)
            payment_intent = try fields.decode(String.self, forKey: .payment_intent)
            metadata = try fields.decodeIfPresent([String: String].self, forKey: .metadata)
        }
    }
}

import Foundation

/// A checked request to capture money: `POST /v1/payment_intents`.
struct Charge: Sendable {
    let key: IdempotencyKey
    let requestHash: Data
    /// Minor units, above zero.
    let amount: Int64
    /// Three letters, upper case.
    let currency: String
    let card: Card
    let metadata: Metadata

    /// Largest amount of one charge, in minor units: twelve digits, as Stripe's largest. The sums of an account stay within
    /// 64 bits.
    static let largestAmount: Int64 = 999_999_999_999

    init(key: IdempotencyKey, body: Data) throws(Refusal) {
        let fields = try RequestJSON.decode(Fields.self, from: body)
        guard fields.amount > 0 else {
            throw .invalid(parameter: "amount", "amount must be above zero, in minor units.")
        }
        guard fields.amount <= Self.largestAmount else {
            throw .invalid(
                parameter: "amount", code: "amount_too_large",
                "amount must be at most \(Self.largestAmount), in minor units.")
        }
        guard fields.currency.utf8.count == 3, fields.currency.utf8.allSatisfy(Self.isLetter) else {
            throw .invalid(parameter: "currency", "currency must be an ISO 4217 code of three letters.")
        }
        guard let card = Card(rawValue: fields.payment_method) else {
            throw .invalid(
                parameter: "payment_method", code: "resource_missing",
                "No such payment_method: take one of the test cards.")
        }
        guard fields.confirm else {
            throw .invalid(parameter: "confirm", "confirm must be true: this gateway captures at once or not at all.")
        }
        self.key = key
        self.requestHash = RequestJSON.hash(of: "charge", body: body)
        self.amount = fields.amount
        self.currency = fields.currency.uppercased()
        self.card = card
        self.metadata = try Metadata(fields.metadata)
        guard metadata.orderId != nil else {
            throw .invalid(parameter: "metadata[order_id]", "metadata[order_id] is missing.")
        }
    }

    private struct Fields: Decodable {
        let amount: Int64
        let currency: String
        let payment_method: String
        let confirm: Bool
        let metadata: [String: String]

        enum CodingKeys: CodingKey {
            case amount, currency, payment_method, confirm, metadata
        }

        init(from decoder: any Decoder) throws {
            let fields = try decoder.container(keyedBy: CodingKeys.self)
            amount = try fields.decodeNumber(Int64.self, forKey: .amount)
            currency = try fields.decode(String.self, forKey: .currency)
            payment_method = try fields.decode(String.self, forKey: .payment_method)
            confirm = try fields.decode(Bool.self, forKey: .confirm)
            metadata = try fields.decode([String: String].self, forKey: .metadata)
        }
    }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }
}

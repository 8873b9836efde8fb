import Contracts
import Foundation
import Testing

@Suite("Canonical JSON is Foundation's JSON with sorted keys")
struct CanonicalJSONTests {
    /// Texts with everything that JSON treats specially, and much that it does not.
    private static let texts = [
        "", "plain", "a/b", "quote \" back \\ slash", "tab\tline\nreturn\rfeed\u{0C}bell\u{07}\u{08}\u{1F}\u{7F}",
        "Zürich 🐘 ﷽",
        "\u{2028}\u{2029}", "e\u{301}", String(repeating: "x", count: 300),
    ]

    private static let numbers: [Int64] = [0, 1, -1, 9, 10, 80_995, .max, .min]

    private static func payloads() -> [any EventPayload] {
        var payloads: [any EventPayload] = []
        for (index, text) in texts.enumerated() {
            let number = numbers[index % numbers.count]
            let total = Money(amount: number, currency: text)
            let lines = (0..<index % 4).map {
                OrderLine(productID: text + "\($0)", quantity: number, unitPrice: Int64($0))
            }
            let stock = lines.map { StockLine(productID: $0.productID, quantity: $0.quantity) }
            payloads += [
                V1.OrderCreated(
                    customerID: text, email: text, lines: lines, total: total, cardToken: text, idempotencyKey: text,
                    bodyHash: text),
                V1.OrderConfirmed(customerID: text, email: text, lines: lines, total: total),
                V1.OrderCancelled(
                    reason: CancellationReason.allCases[index % CancellationReason.allCases.count], customerID: text,
                    email: text,
                    lines: lines, total: total),
                V1.StockReserved(
                    lines: stock, total: total, cardToken: text,
                    expiresAt: Timestamp(microseconds: 1_795_296_506_745_099 + number % 1000)),
                V1.StockRejected(
                    shortages: stock.map { Shortage(productID: $0.productID, requested: $0.quantity, available: 0) }),
                V1.PaymentSucceeded(amount: total, paymentIntent: text),
                V1.NotificationSent(
                    kind: NotificationKind.allCases[index % NotificationKind.allCases.count], channel: text,
                    messageID: text),
            ]
        }
        return payloads
    }

    @Test("every event that writes itself writes what Foundation would, and reads it back")
    func sameBytes() throws {
        func check<Payload: EventPayload>(_ payload: Payload) throws {
            let bytes = try payload.encoded()
            #expect(
                String(decoding: bytes, as: UTF8.self)
                    == String(decoding: try payload.encodedByFoundation(), as: UTF8.self))
            #expect(try Payload.decoded(from: bytes) == payload)
        }
        for payload in Self.payloads() { try check(payload) }
    }

    @Test("other forms of the same JSON are read as well: white space, other order, escapes, unknown fields")
    func otherForms() throws {
        let wanted = V1.PaymentSucceeded(amount: Money(amount: 5, currency: "GBP"), paymentIntent: "pi/1")
        for text in [
            #"{"amount":{"amount":5,"currency":"GBP"},"paymentIntent":"pi/1"}"#,
            #"{ "amount" : {"currency":"GBP", "amount":5}, "paymentIntent" : "pi\/1" }"#,
            #"{"paymentIntent":"\u0070i/1","amount":{"amount":5,"currency":"GBP","new":true}}"#,
        ] {
            #expect(try V1.PaymentSucceeded.decoded(from: Array(text.utf8)) == wanted, "\(text)")
        }
    }

    @Test(
        "what is not the type is refused",
        arguments: [
            "", "{", "null", #"{"amount":{"amount":5.5,"currency":"GBP"},"paymentIntent":"x"}"#,
            #"{"amount":{"amount":9223372036854775808,"currency":"GBP"},"paymentIntent":"x"}"#,
            #"{"amount":{"amount":5,"currency":"GBP"},"paymentIntent":"x"}}"#,
            #"{"amount":{"amount":5,"currency":"GBP"}}"#,
            #"{"amount":{"amount":"5","currency":"GBP"},"paymentIntent":"x"}"#,
        ])
    func refused(text: String) {
        #expect(throws: (any Error).self) { try V1.PaymentSucceeded.decoded(from: Array(text.utf8)) }
    }

    @Test("cut at every byte, an event is refused, never taken for another")
    func cut() throws {
        let whole = try V1.StockReserved(
            lines: [StockLine(productID: "P", quantity: 3)], total: Money(amount: 5, currency: "GBP"), cardToken: "tok",
            expiresAt: Timestamp(microseconds: 1_795_296_506_745_099)
        ).encoded()
        for length in 0..<whole.count {
            #expect(throws: (any Error).self) { try V1.StockReserved.decoded(from: Array(whole[..<length])) }
        }
    }
}

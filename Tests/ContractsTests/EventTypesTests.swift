import Contracts
import Foundation
import Testing

/// Every published type, its name and its bytes: they never change.
@Suite("Event types")
struct EventTypesTests {
    private func check<Payload: EventPayload>(_ payload: Payload, _ type: String, _ json: String) throws {
        #expect(Payload.type == type)
        let bytes = try payload.encoded()
        #expect(String(decoding: bytes, as: UTF8.self) == json)
        #expect(try payload.encoded() == bytes)
        #expect(try Payload.decoded(from: bytes) == payload)
    }

    private let total = Money(amount: 1999, currency: "GBP")
    private let lines = [
        OrderLine(productID: "P-0001", quantity: 2, unitPrice: 500),
        OrderLine(productID: "85123A@255", quantity: 80995, unitPrice: 1),
    ]
    private let stock = [StockLine(productID: "P-0001", quantity: 2)]
    private let time = Timestamp(microseconds: 1_795_292_610_250_000)

    private let linesJSON =
        #"[{"productID":"P-0001","quantity":2,"unitPrice":500},{"productID":"85123A@255","quantity":80995,"unitPrice":1}]"#
    private let totalJSON = #"{"amount":1999,"currency":"GBP"}"#
    private let stockJSON = #"[{"productID":"P-0001","quantity":2}]"#

    @Test("the list of types has each of them once")
    func list() throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../../Sources/Contracts/V1")
        let files = try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0.hasSuffix(".swift") }
        #expect(EventTypes.all.map { EventTypes.name($0) + ".swift" }.sorted() == files.sorted())
    }

    @Test("orders")
    func orders() throws {
        try check(
            V1.OrderCreated(
                customerID: "c-1", email: "ann@example.test", lines: lines, total: total, cardToken: "tok_visa",
                idempotencyKey: "k/1",
                bodyHash: "ab"),
            "v1.OrderCreated",
            #"{"bodyHash":"ab","cardToken":"tok_visa","customerID":"c-1","email":"ann@example.test","idempotencyKey":"k/1","lines":"#
                + linesJSON + #","total":"# + totalJSON + "}")
        try check(V1.OrderCancellationRequested(), "v1.OrderCancellationRequested", "{}")
        try check(
            V1.OrderConfirmed(customerID: "c-1", email: "é@x", lines: lines, total: total), "v1.OrderConfirmed",
            #"{"customerID":"c-1","email":"é@x","lines":"# + linesJSON + #","total":"# + totalJSON + "}")
        try check(
            V1.OrderCancelled(reason: .soldOut, customerID: "c-1", email: "e", lines: lines, total: total),
            "v1.OrderCancelled",
            #"{"customerID":"c-1","email":"e","lines":"# + linesJSON + #","reason":"soldOut","total":"# + totalJSON
                + "}")
        #expect(
            CancellationReason.allCases.map(\.rawValue)
                == ["soldOut", "paymentDeclined", "paymentExpired", "cancelledByCustomer", "abandoned", "refunded"])
    }

    @Test("inventory")
    func inventory() throws {
        try check(
            V1.StockReserved(lines: stock, total: total, cardToken: "t", expiresAt: time), "v1.StockReserved",
            #"{"cardToken":"t","expiresAt":"2026-11-21T20:23:30.250000Z","lines":"# + stockJSON + #","total":"#
                + totalJSON + "}")
        try check(
            V1.StockRejected(shortages: [Shortage(productID: "p", requested: 2, available: 1)]), "v1.StockRejected",
            #"{"shortages":[{"available":1,"productID":"p","requested":2}]}"#)
        try check(
            V1.StockReleased(lines: stock, reason: .paymentFailed), "v1.StockReleased",
            #"{"lines":"# + stockJSON + #","reason":"paymentFailed"}"#)
        try check(
            V1.StockAdjusted(delta: -3, reason: .initial, adjustmentKey: "k"), "v1.StockAdjusted",
            #"{"adjustmentKey":"k","delta":-3,"reason":"initial"}"#)
        #expect(ReleaseReason.allCases.map(\.rawValue) == ["paymentFailed", "paymentRefunded"])
        #expect(StockAdjustmentReason.allCases.map(\.rawValue) == ["initial", "adjustment"])
    }

    @Test("payments")
    func payments() throws {
        try check(
            V1.PaymentSucceeded(amount: total, paymentIntent: "pi_1"), "v1.PaymentSucceeded",
            #"{"amount":"# + totalJSON + #","paymentIntent":"pi_1"}"#)
        try check(
            V1.PaymentFailed(reason: .declined, declineCode: "insufficient_funds"), "v1.PaymentFailed",
            #"{"declineCode":"insufficient_funds","reason":"declined"}"#)
        try check(V1.PaymentFailed(reason: .expired, declineCode: nil), "v1.PaymentFailed", #"{"reason":"expired"}"#)
        try check(
            V1.PaymentRefunded(amount: total, paymentIntent: "pi_1", refund: "re_1"), "v1.PaymentRefunded",
            #"{"amount":"# + totalJSON + #","paymentIntent":"pi_1","refund":"re_1"}"#)
        #expect(
            PaymentFailureReason.allCases.map(\.rawValue) == [
                "declined", "expired", "cancelledByCustomer", "abandoned",
            ])
    }

    @Test("notifications and analytics")
    func others() throws {
        try check(
            V1.NotificationSent(kind: .confirmation, channel: "mbox", messageID: "<a@b>"), "v1.NotificationSent",
            #"{"channel":"mbox","kind":"confirmation","messageID":"<a@b>"}"#)
        try check(
            V1.NotificationFailed(kind: .refund, channel: "mbox", reason: "r"), "v1.NotificationFailed",
            #"{"channel":"mbox","kind":"refund","reason":"r"}"#)
        try check(
            V1.OrderStuck(waitsFor: "payment", since: time, count: 2), "v1.OrderStuck",
            #"{"count":2,"since":"2026-11-21T20:23:30.250000Z","waitsFor":"payment"}"#)
        try check(V1.StockRanLow(available: 3, threshold: 5), "v1.StockRanLow", #"{"available":3,"threshold":5}"#)
        #expect(
            NotificationKind.allCases.map(\.rawValue) == [
                "confirmation", "soldOut", "paymentFailed", "cancellation", "refund",
            ])
    }

    @Test("dead letters keep the event's bytes")
    func deadLetters() throws {
        try check(
            V1.EventDeadLettered(
                service: .payment, eventID: EventID(high: 1, low: 2), topic: "inventory", offset: .max,
                event: [0, 255, 16],
                errorKind: "malformed", error: "e", attempts: 3),
            "v1.EventDeadLettered",
            #"{"attempts":3,"error":"e","errorKind":"malformed","event":"AP8Q","eventID":"00000000-0000-0001-0000-000000000002","#
                + #""offset":18446744073709551615,"service":"payment","topic":"inventory"}"#)
    }

    @Test("what was done at the desk keeps who did it, and an edit its bytes")
    func desk() throws {
        let id = EventID(high: 1, low: 2)
        let letter = #""eventID":"00000000-0000-0001-0000-000000000002""#
        try check(
            V1.DeadLetterRedriven(service: .order, eventID: id, wasDuplicate: true, actor: "ann"),
            "v1.DeadLetterRedriven", #"{"actor":"ann","# + letter + #","service":"order","wasDuplicate":true}"#)
        try check(
            V1.DeadLetterEdited(service: .order, eventID: id, corrected: [0, 255, 16], actor: "ann", reason: "r"),
            "v1.DeadLetterEdited",
            #"{"actor":"ann","corrected":"AP8Q","# + letter + #","reason":"r","service":"order"}"#)
        try check(
            V1.DeadLetterDiscarded(service: .order, eventID: id, actor: "ann", reason: "r"), "v1.DeadLetterDiscarded",
            #"{"actor":"ann","# + letter + #","reason":"r","service":"order"}"#)
    }

    @Test("the largest event still fits into its dead letter")
    func wrapping() throws {
        let wrapped = V1.EventDeadLettered(
            service: .analytics, eventID: EventID(high: 1, low: 2), topic: "inventory", offset: 1,
            event: [UInt8](repeating: 7, count: EventCoding.maximumEventBytes), errorKind: "k",
            error: String(repeating: "e", count: 2000), attempts: 3)
        let event = Envelope(
            id: EventID(high: 1, low: 2), source: "/stampede/analytics", type: V1.EventDeadLettered.type, subject: "s",
            time: time,
            correlationID: CorrelationID(high: 1, low: 2), data: try wrapped.encoded())
        #expect(try EventCoding.encode(event).count <= EventCoding.maximumDeadLetterBytes)
    }

    @Test("topics and services have the names that stand on disk")
    func names() {
        #expect(
            ServiceName.allCases.map(\.topic.name) == ["orders", "inventory", "payments", "notifications", "analytics"])
        #expect(
            ServiceName.allCases.map(\.deadLetterTopic.name) == [
                "order.dlq", "inventory.dlq", "payment.dlq", "notification.dlq", "analytics.dlq",
            ])
        #expect(ServiceName.payment.source == "/stampede/payment")
    }
}

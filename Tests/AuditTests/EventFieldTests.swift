import Audit
import Contracts
import Doctor
import Foundation
import Testing

/// Every field of every event type is in `docs/reference/event-fields.md`, and its change is noticed. (Events that the
/// simulation makes are changed there, by `SimulationTests`.)
@Suite(.timeLimit(.minutes(15)))
struct EventFieldTests {
    private static let lines = [OrderLine(productID: "p", quantity: 1, unitPrice: 1)]
    private static let pieces = [StockLine(productID: "p", quantity: 1)]
    private static let money = Money(amount: 1, currency: "GBP")
    private static let time = Timestamp(microseconds: 0)
    private static let id = EventID(high: 1, low: 1)

    /// One event of each type, with every member that it can have.
    private static let payloads: [any EventPayload] = [
        V1.OrderCreated(
            customerID: "c", email: "e", lines: lines, total: money, cardToken: "t", idempotencyKey: "k", bodyHash: "h"),
        V1.OrderCancellationRequested(),
        V1.OrderConfirmed(customerID: "c", email: "e", lines: lines, total: money),
        V1.OrderCancelled(reason: .soldOut, customerID: "c", email: "e", lines: lines, total: money),
        V1.StockReserved(lines: pieces, total: money, cardToken: "t", expiresAt: time),
        V1.StockRejected(shortages: [Shortage(productID: "p", requested: 1, available: 0)]),
        V1.StockReleased(lines: pieces, reason: .paymentFailed),
        V1.StockAdjusted(delta: 1, reason: .initial, adjustmentKey: "k"),
        V1.PaymentSucceeded(amount: money, paymentIntent: "i"),
        V1.PaymentFailed(reason: .declined, declineCode: "d"),
        V1.PaymentRefunded(amount: money, paymentIntent: "i", refund: "r"),
        V1.NotificationSent(kind: .refund, channel: "c", messageID: "m"),
        V1.NotificationFailed(kind: .refund, channel: "c", reason: "r"),
        V1.OrderStuck(waitsFor: "w", since: time, count: 1),
        V1.StockRanLow(available: 1, threshold: 2),
        V1.EventDeadLettered(
            service: .order, eventID: id, topic: "t", offset: 0, event: [1], errorKind: "k", error: "e", attempts: 1),
        V1.DeadLetterRedriven(service: .order, eventID: id, wasDuplicate: true, actor: "a"),
        V1.DeadLetterEdited(service: .order, eventID: id, corrected: [1], actor: "a", reason: "r"),
        V1.DeadLetterDiscarded(service: .order, eventID: id, actor: "a", reason: "r"),
    ]

    private static let attributes = [
        "id", "source", "type", "subject", "time", "dataschema", "correlationid", "causationid", "traceparent",
        "twinof",
    ]

    @Test("the table of fields names every field of all 19 event types, and no other")
    func table() throws {
        let table = try FieldTable()
        var fields = Set(Self.attributes.map { "every event \($0)" })
        for payload in Self.payloads {
            let name = type(of: payload).type.dropFirst("v1.".count)
            for field in FieldTable.fields(of: try payload.encoded()) where !field.isEmpty {
                fields.insert("\(name) \(field)")
            }
        }
        #expect(Self.payloads.count == 19)
        #expect(fields.subtracting(table.fields).sorted() == [], "not in the table")
        #expect(table.fields.subtracting(fields).sorted() == [], "in the table, and no field")
    }

    // MARK: - Changing each

    private static let types: Set<String> = [
        V1.OrderStuck.type, V1.StockRanLow.type, V1.NotificationFailed.type, V1.EventDeadLettered.type,
        V1.DeadLetterRedriven.type, V1.DeadLetterEdited.type, V1.DeadLetterDiscarded.type,
    ]

    @Test("no field of what is said of dead letters, of Analytics' reports, or of a failed mail changes unnoticed")
    func noticed() throws {
        let shop = try Shop()
        defer { shop.remove() }
        try tell(shop)
        try shop.stop()
        let table = try FieldTable()
        let rebuilder = CopyingRebuilder().of(shop.directory)
        func verdict() throws -> AuditReport {
            try Audit(dataDirectory: shop.directory, rebuilder: rebuilder).run()
        }
        let honest = try verdict()
        try #require(honest.verdict == .valid, "\(honest.words)")
        let doctor = try Doctor(directory: shop.directory)
        var changes = 0
        let types = try doctor.changeEveryField(of: Self.types, perType: 1, attempts: 2) { change in
            changes += 1
            // Invariant 9's, which the stand-in for a rebuild cannot see.
            if change.place.hasSuffix("v1.NotificationFailed time") { return }
            guard try verdict().verdict == .valid, !table.excuses(change) else { return }
            Issue.record("VALID after \(change)")
        }
        #expect(types == Self.types)
        #expect(changes > 80)
    }

    /// A story with each of the types in it.
    private func tell(_ shop: Shop) throws {
        let story = try shop.tellStory()
        let discarded = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        let first = try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.discard(.inventory, first.id)
        try shop.settleAll()
        let redriven = try shop.place([("P-0001", 1)])
        try shop.publish(.order)
        let second = try shop.die(.inventory, on: V1.OrderCreated.type, topic: .orders)
        try shop.correct(.inventory, second.id, second)
        try shop.redrive(.inventory, second.id)
        try shop.settleAll()
        let untold = try shop.place([("P-0001", 1)])
        try shop.settleAll(without: [.notification])
        let third = try shop.die(.notification, on: V1.OrderConfirmed.type, topic: .orders)
        try shop.discard(.notification, third.id)
        #expect(discarded != redriven && third.orderID == untold)
        let reserved = try shop.event(V1.StockReserved.type, of: story.confirmed).event
        try shop.say(
            .analytics,
            try shop.event(
                V1.StockRanLow(available: 4, threshold: 5), subject: "P-0001", by: .analytics, cause: reserved),
            try shop.event(
                V1.OrderStuck(waitsFor: "payment: PaymentSucceeded or PaymentFailed", since: reserved.time, count: 1),
                story.confirmed, by: .analytics))
        try shop.settleAll()
    }
}

import AnalyticsService
import Contracts
import Delivery
import EventLog
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Testing

/// What each service says instead where the operator gives up on an event; nothing is left waiting for an answer.
@Suite("Giving up on an event")
struct GivingUpTests {
    /// An event of that type whose data nobody can read, dead at the service.
    private func dead(
        _ card: ServiceCard, _ type: String, on topic: Topic
    ) throws -> (harness: ServiceHarness, event: Envelope) {
        let harness = try ServiceHarness(card)
        let order = harness.newOrderID()
        let event = Envelope(
            id: .version7(at: harness.clock.now(), randomBits: (1, 2)), source: "/test", type: type,
            subject: order.description, time: harness.clock.now(), correlationID: order.rebound(),
            data: Array("{}".utf8))
        try harness.emit(event, on: topic)
        try harness.runUntilIdle()
        #expect(try harness.count("SELECT count(*) FROM dead_letters WHERE state = 'open'") == 1)
        return (harness, event)
    }

    @Test("Payment says that the payment failed, abandoned: the stock is released and the order cancelled")
    func payment() async throws {
        let (harness, event) = try dead(PaymentService.card(), V1.StockReserved.type, on: .inventory)
        #expect(try await harness.discard([event.id]) == [.discarded])
        let failed = try harness.payloads(V1.PaymentFailed.self, on: .payments)
        #expect(failed.map(\.payload.reason) == [.abandoned])
        #expect(try harness.events(.payments).first?.causationID == event.id)
        #expect(try await harness.discard([event.id]) == [.notOpen])
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 1))
    }

    @Test("Payment says so of a version that it does not know, too")
    func unknownVersion() async throws {
        let (harness, event) = try dead(PaymentService.card(), "v9.StockReserved", on: .inventory)
        #expect(try await harness.discard([event.id]) == [.discarded])
        #expect(try harness.payloads(V1.PaymentFailed.self, on: .payments).count == 1)
    }

    @Test("Inventory rejects the order")
    func inventory() async throws {
        let (harness, event) = try dead(InventoryService.card(), V1.OrderCreated.type, on: .orders)
        #expect(try await harness.discard([event.id]) == [.discarded])
        #expect(try harness.payloads(V1.StockRejected.self, on: .inventory).map(\.payload.shortages) == [[]])
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 1))
    }

    @Test("Notification puts on record that the customer was not told")
    func notification() async throws {
        let (harness, event) = try dead(NotificationService.card(), V1.OrderConfirmed.type, on: .orders)
        #expect(try await harness.discard([event.id]) == [.discarded])
        #expect(
            try harness.payloads(V1.NotificationFailed.self, on: .notifications).map(\.payload.kind) == [.confirmation])
        #expect(try harness.domain() == harness.rebuiltDomain(seed: 1))
    }

    @Test("whatever others wait for, and the card has no other answer to, is not given up on")
    func refused() async throws {
        let cases: [(ServiceCard, String, Topic)] = [
            (OrderService.card(), V1.PaymentSucceeded.type, .payments),
            (OrderService.card(), V1.StockRejected.type, .inventory),
            (InventoryService.card(), V1.PaymentFailed.type, .payments),
            (AnalyticsService.card(), V1.OrderCreated.type, .orders),
        ]
        for (card, type, topic) in cases {
            let (harness, event) = try dead(card, type, on: topic)
            #expect(try await harness.discard([event.id]) == [.refused], "\(card.name) \(type)")
            #expect(try harness.count("SELECT count(*) FROM dead_letters WHERE state = 'open'") == 1)
        }
    }
}

import AnalyticsService
import Contracts
import Delivery
import GRDB
import InventoryService
import NotificationService
import OrderService
import PaymentService
import Testing

/// No service can be left out: what is declared is what the patterns run on.
@Suite("The five cards")
struct CardTests {
    static let cards = [
        OrderService.card(), InventoryService.card(), PaymentService.card(), NotificationService.card(),
        AnalyticsService.card(),
    ]

    @Test(
        "there is one card a service, and every consumer of one has inbox, retry state and dead-letter topic",
        arguments: cards)
    func whole(card: ServiceCard) throws {
        #expect(Set(Self.cards.map(\.name)) == Set(ServiceName.allCases))
        let harness = try ServiceHarness(card)
        for table in ["inbox", "consumer_positions", "parked", "dead_letters", "dead_letter_actions", "outbox"] {
            #expect(try harness.count("SELECT count(*) FROM \(table)") == 0, "\(table) of \(card.name)")
        }
        // What no handler can read is tried by the policy, lies in the service's table, and is said on its topic.
        for topic in card.topics { try harness.emit(bytes: [0xFF, 1, 2], on: topic) }
        try harness.runUntilIdle()
        #expect(try harness.count("SELECT count(*) FROM dead_letters") == card.topics.count)
        let announced = try harness.payloads(V1.EventDeadLettered.self, on: card.name.deadLetterTopic)
        #expect(Set(announced.map(\.payload.topic)) == Set(card.topics.map(\.name)))
        #expect(announced.allSatisfy { $0.payload.service == card.name })
    }

    @Test("a service reads no topic of its own and emits only onto its own", arguments: cards)
    func topics(card: ServiceCard) {
        #expect(!card.topics.contains(card.name.topic))
        #expect(!card.topics.contains(card.name.deadLetterTopic))
        #expect(!card.subscriptions.isEmpty && !card.facts.isEmpty)
    }

    @Test("no type is emitted by two services, and each that somebody reads is emitted by the topic's owner")
    func owners() {
        var owner: [String: ServiceName] = [:]
        for card in Self.cards {
            for fact in card.facts { #expect(owner.updateValue(card.name, forKey: fact.type) == nil, "\(fact.type)") }
        }
        for card in Self.cards {
            for subscription in card.subscriptions where subscription.type != V1.EventDeadLettered.type {
                #expect(
                    owner[subscription.type]?.topic == subscription.topic, "\(card.name) reads \(subscription.type)")
            }
        }
    }

    @Test("an event that the card does not name is not emitted: the handler's event dies instead")
    func foreignEmission() throws {
        struct Overreach: EventHandler {
            func decide(_ event: Delivered<V1.OrderCreated>, in db: Database) throws -> [Outgoing] {
                [
                    .event(
                        V1.PaymentRefunded(amount: Money(amount: 1, currency: "GBP"), paymentIntent: "p", refund: "r"),
                        order: try event.orderID)
                ]
            }
        }
        let card = ServiceCard(
            name: .inventory, subscriptions: [Subscription(.orders, Overreach())], facts: [], digest: [],
            createTables: { _ in })
        let harness = try ServiceHarness(card)
        try harness.emit(Sample.created(), order: harness.newOrderID(), on: .orders)
        try harness.runUntilIdle()
        #expect(try harness.events(.inventory).isEmpty)
        #expect(try harness.payloads(V1.EventDeadLettered.self, on: .deadLetters(of: .inventory)).count == 1)
    }
}

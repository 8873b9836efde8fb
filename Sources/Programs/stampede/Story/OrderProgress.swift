import Contracts

/// What has yet to follow from an order's events, by the flow of the design.
struct OrderProgress {
    /// A fact that must come, from whom, and the event it follows from; nil for the first one, which a request caused.
    struct Awaited {
        let service: ServiceName
        let types: [String]
        let trigger: StoryEvent?

        /// `PaymentSucceeded or PaymentFailed`
        var words: String {
            types.map { String($0.split(separator: ".").last ?? "") }.joined(separator: " or ")
        }
    }

    let story: StoryEvents
    /// Whether Order's own database knows the order.
    let isKnownToOrder: Bool

    /// `pending`, `confirmed`, `cancelled`; nil where the log does not know the order.
    var status: String? {
        switch outcome?.envelope.type {
        case V1.OrderConfirmed.type: "confirmed"
        case V1.OrderCancelled.type: "cancelled"
        default: story.has(V1.OrderCreated.type) ? "pending" : nil
        }
    }

    var reason: String? { status == "cancelled" ? outcome?.data["reason"]?.text : nil }

    /// The outcome that stands.
    var outcome: StoryEvent? {
        story.events.last { [V1.OrderConfirmed.type, V1.OrderCancelled.type].contains($0.envelope.type) }
    }

    private var firstOutcome: StoryEvent? {
        story.events.first { [V1.OrderConfirmed.type, V1.OrderCancelled.type].contains($0.envelope.type) }
    }

    /// From the order to its first outcome.
    var settledAfter: Int64? {
        guard let start = story.events.first, let outcome = firstOutcome else { return nil }
        return (outcome.envelope.time - start.envelope.time).microseconds
    }

    var awaited: [Awaited] {
        var awaited: [Awaited] = []
        if isKnownToOrder, !story.has(V1.OrderCreated.type) {
            awaited.append(Awaited(service: .order, types: [V1.OrderCreated.type], trigger: nil))
        }
        func expect(_ types: [String], of service: ServiceName, after trigger: String) {
            guard let event = story.last(trigger), !types.contains(where: story.has) else { return }
            awaited.append(Awaited(service: service, types: types, trigger: event))
        }
        expect([V1.StockReserved.type, V1.StockRejected.type], of: .inventory, after: V1.OrderCreated.type)
        expect([V1.OrderCancelled.type], of: .order, after: V1.StockRejected.type)
        expect([V1.PaymentSucceeded.type, V1.PaymentFailed.type], of: .payment, after: V1.StockReserved.type)
        expect([V1.OrderConfirmed.type], of: .order, after: V1.PaymentSucceeded.type)
        expect([V1.OrderCancelled.type], of: .order, after: V1.PaymentFailed.type)
        expect([V1.StockReleased.type], of: .inventory, after: V1.PaymentFailed.type)
        if story.has(V1.PaymentSucceeded.type) {
            expect([V1.PaymentRefunded.type], of: .payment, after: V1.OrderCancellationRequested.type)
        }
        expect([V1.OrderCancelled.type], of: .order, after: V1.PaymentRefunded.type)
        expect([V1.StockReleased.type], of: .inventory, after: V1.PaymentRefunded.type)
        return awaited + messages
    }

    /// Each outcome is told once.
    private var messages: [Awaited] {
        let types = [V1.NotificationSent.type, V1.NotificationFailed.type]
        let told = Set(story.events.filter { types.contains($0.envelope.type) }.map(\.envelope.causationID))
        return story.events.filter { event in
            [V1.OrderConfirmed.type, V1.OrderCancelled.type].contains(event.envelope.type) && event.repeats == nil
                && !told.contains(event.envelope.id)
        }.map { Awaited(service: .notification, types: types, trigger: $0) }
    }
}

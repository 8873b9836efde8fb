import Contracts

/// What the log says of one order: where each thing first happened, and where the order stands.
struct OrderFacts {
    let id: OrderID
    // Offsets in `orders`.
    var created: UInt64?
    var createdTimes = 0
    var requested: UInt64?
    var confirmed: UInt64?
    var cancelled: UInt64?
    // Offsets in `inventory`.
    var reserved: UInt64?
    var rejected: UInt64?
    var released: UInt64?
    // Offsets in `payments`.
    var succeeded: UInt64?
    var failed: UInt64?
    var refunded: UInt64?
    /// After every legal step.
    var status = OrderStatus.none
    var total: Money?
    /// Of `created`, as an index into the details of `orders`.
    var detail: Int32 = -1

    init(id: OrderID) {
        self.id = id
    }

    /// What somebody still has to do for an order, and the event that makes them.
    struct Step {
        let service: ServiceName
        let events: String
        let topic: Topic
        /// Nil where the event is not in the log.
        let offset: UInt64?
    }

    /// The step that an order without outcome waits for.
    var nextStep: Step {
        if rejected != nil {
            return Step(service: .order, events: "OrderCancelled", topic: .inventory, offset: rejected)
        }
        if reserved == nil {
            return Step(
                service: .inventory, events: "StockReserved or StockRejected", topic: .orders, offset: created)
        }
        if succeeded != nil {
            return Step(service: .order, events: "OrderConfirmed", topic: .payments, offset: succeeded)
        }
        if failed != nil { return Step(service: .order, events: "OrderCancelled", topic: .payments, offset: failed) }
        return Step(
            service: .payment, events: "PaymentSucceeded or PaymentFailed", topic: .inventory, offset: reserved)
    }

    /// The step that a confirmed order waits for of which the customer asked for cancellation.
    var payingBack: Step {
        refunded == nil
            ? Step(service: .payment, events: "PaymentRefunded", topic: .orders, offset: requested)
            : Step(service: .order, events: "OrderCancelled", topic: .payments, offset: refunded)
    }

    /// The step that sets the pieces of an order free that is not paid for.
    var release: Step {
        Step(service: .inventory, events: "StockReleased", topic: .payments, offset: failed ?? refunded)
    }
}

/// The orders of the log, each once, found by id or by index.
struct OrderTable {
    private(set) var facts: [OrderFacts] = []
    private var indices: [OrderID: Int] = [:]

    init() {}

    init(topics: [Topic: TopicFacts]) {
        for topic in [Topic.orders, .inventory, .payments, .notifications] {
            guard let read = topics[topic] else { continue }
            if topic == .orders { indices.reserveCapacity(read.events.count / 2) }
            for (offset, event) in read.said {
                guard let kind = event.kind, let order = event.order else { continue }
                Self.note(kind, event, offset, read.details, &facts[index(adding: order)])
            }
        }
    }

    subscript(id: OrderID) -> OrderFacts? { indices[id].map { facts[$0] } }

    func index(of id: OrderID) -> Int? { indices[id] }

    private mutating func index(adding id: OrderID) -> Int {
        if let index = indices[id] { return index }
        facts.append(OrderFacts(id: id))
        indices[id] = facts.count - 1
        return facts.count - 1
    }

    /// Static, for a method of the table would copy all its facts before it changes one.
    private static func note(
        _ kind: EventKind, _ event: EventFact, _ offset: UInt64, _ details: Details, _ order: inout OrderFacts
    ) {
        func first(_ place: inout UInt64?) { place = place ?? offset }
        var reason: CancellationReason?
        switch kind {
        case .orderCreated:
            order.createdTimes += 1
            if order.created == nil {
                order.detail = event.detail
                order.total = details.created[Int(event.detail)].total
            }
            first(&order.created)
        case .orderCancellationRequested: first(&order.requested)
        case .orderConfirmed: first(&order.confirmed)
        case .orderCancelled:
            reason = details.cancelled[Int(event.detail)].reason
            first(&order.cancelled)
        case .stockReserved: first(&order.reserved)
        case .stockRejected: first(&order.rejected)
        case .stockReleased: first(&order.released)
        case .paymentSucceeded: first(&order.succeeded)
        case .paymentFailed: first(&order.failed)
        case .paymentRefunded: first(&order.refunded)
        default: return
        }
        if Rules.owner(of: kind) == .order, let next = order.status.after(kind, reason: reason) { order.status = next }
    }
}

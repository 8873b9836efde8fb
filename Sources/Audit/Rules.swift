import Contracts

/// The types of event that the audit knows.
enum EventKind: UInt8, CaseIterable {
    case orderCreated, orderCancellationRequested, orderConfirmed, orderCancelled
    case stockReserved, stockRejected, stockReleased, stockAdjusted
    case paymentSucceeded, paymentFailed, paymentRefunded
    case notificationSent, notificationFailed
    case orderStuck, stockRanLow
    case eventDeadLettered, deadLetterRedriven, deadLetterEdited, deadLetterDiscarded

    var type: String { "v1." + name }

    var name: String {
        let text = "\(self)"
        return text.prefix(1).uppercased() + text.dropFirst()
    }

    static let byType = Dictionary(uniqueKeysWithValues: allCases.map { ($0.type, $0) })
}

/// What the design allows, as tables of the audit's own.
enum Rules {
    /// Who may write a type: the owner of its topic; nil for the dead-letter types, which every service may write.
    static func owner(of kind: EventKind) -> ServiceName? {
        switch kind {
        case .orderCreated, .orderCancellationRequested, .orderConfirmed, .orderCancelled: .order
        case .stockReserved, .stockRejected, .stockReleased, .stockAdjusted: .inventory
        case .paymentSucceeded, .paymentFailed, .paymentRefunded: .payment
        case .notificationSent, .notificationFailed: .notification
        case .orderStuck, .stockRanLow: .analytics
        case .eventDeadLettered, .deadLetterRedriven, .deadLetterEdited, .deadLetterDiscarded: nil
        }
    }

    /// With which HTTP status the gateway answers a key again; `nil` for one that it answers with nothing on record.
    static func status(of outcome: String) -> Int64? {
        switch outcome {
        case "captured", "refunded": 200
        case "declined": 402
        default: nil
        }
    }

    /// Whether events of this type are written to a topic. A topic of nobody's may hold anything.
    static func belongs(_ kind: EventKind, to topic: Topic) -> Bool {
        guard let writer = writer(of: topic) else { return true }
        guard let owner = owner(of: kind) else { return topic == writer.deadLetterTopic }
        return topic == owner.topic
    }

    /// Which events may cause one of this type. Empty: a command does. Nil: anything may, or nothing.
    static func causes(of kind: EventKind) -> Set<EventKind>? {
        switch kind {
        case .orderCreated, .orderCancellationRequested, .stockAdjusted, .orderStuck: []
        case .orderConfirmed: [.paymentSucceeded]
        case .orderCancelled: [.stockRejected, .paymentFailed, .paymentRefunded]
        case .stockReserved, .stockRejected: [.orderCreated]
        case .stockReleased: [.paymentFailed, .paymentRefunded]
        case .paymentSucceeded, .paymentFailed: [.stockReserved]
        case .paymentRefunded: [.orderCancellationRequested]
        case .notificationSent, .notificationFailed: [.orderConfirmed, .orderCancelled]
        case .stockRanLow: [.stockReserved, .stockAdjusted, .stockReleased]
        case .eventDeadLettered, .deadLetterRedriven, .deadLetterEdited, .deadLetterDiscarded: nil
        }
    }

    /// Types whose subject is a product, not an order.
    static func isAboutProduct(_ kind: EventKind) -> Bool {
        kind == .stockAdjusted || kind == .stockRanLow
    }

    /// Which types each service acts on, by topic.
    static func subscriptions(of service: ServiceName) -> [(topic: Topic, kinds: Set<EventKind>)] {
        switch service {
        case .order:
            [(.inventory, [.stockRejected]), (.payments, [.paymentSucceeded, .paymentFailed, .paymentRefunded])]
        case .inventory:
            [(.orders, [.orderCreated]), (.payments, [.paymentFailed, .paymentRefunded])]
        case .payment:
            [(.inventory, [.stockReserved]), (.orders, [.orderCancellationRequested])]
        case .notification:
            [(.orders, [.orderConfirmed, .orderCancelled])]
                + ServiceName.allCases.filter { $0 != .notification }.map { ($0.deadLetterTopic, [.eventDeadLettered]) }
        case .analytics:
            [
                (.orders, [.orderCreated, .orderCancellationRequested, .orderConfirmed, .orderCancelled]),
                (.inventory, [.stockReserved, .stockRejected, .stockReleased, .stockAdjusted]),
                (.payments, [.paymentSucceeded, .paymentFailed, .paymentRefunded]),
                (.notifications, [.notificationSent, .notificationFailed]),
            ]
        }
    }

    /// What a service says when an operator gives up on an event of this type; nil where it must not be given up on.
    static func fact(ofDiscarding kind: EventKind, at service: ServiceName) -> EventKind? {
        switch (service, kind) {
        case (.payment, .stockReserved): .paymentFailed
        case (.inventory, .orderCreated): .stockRejected
        case (.notification, .orderConfirmed), (.notification, .orderCancelled): .notificationFailed
        default: nil
        }
    }

    /// `OrderCreated` of `v1.OrderCreated`: what a type is called in every version.
    static func name(of type: String) -> Substring {
        type.firstIndex(of: ".").map { type[type.index(after: $0)...] } ?? type[...]
    }

    static func cancellation(after failure: PaymentFailureReason) -> CancellationReason {
        switch failure {
        case .declined: .paymentDeclined
        case .expired: .paymentExpired
        case .cancelledByCustomer: .cancelledByCustomer
        case .abandoned: .abandoned
        }
    }

    /// Whether a decline code is Payment's own words for a charge that the gateway refused, and not a bank's code.
    static func isRefusal(_ code: String) -> Bool { code.contains(" ") }

    /// What the customer is told when an order ends so.
    static func notification(of reason: CancellationReason?) -> NotificationKind {
        switch reason {
        case nil: .confirmation
        case .soldOut: .soldOut
        case .paymentDeclined, .paymentExpired, .abandoned: .paymentFailed
        case .cancelledByCustomer: .cancellation
        case .refunded: .refund
        }
    }

    /// Every topic of the five services, in a fixed order.
    static let topics: [Topic] = ServiceName.allCases.map(\.topic) + ServiceName.allCases.map(\.deadLetterTopic)

    static func writer(of topic: Topic) -> ServiceName? {
        ServiceName.allCases.first { $0.topic == topic || $0.deadLetterTopic == topic }
    }
}

/// Where an order stands, by the events of its own topic.
enum OrderStatus: Equatable {
    case none
    case pending
    case confirmed
    case cancelled(CancellationReason)

    var hasOutcome: Bool { self != .none && self != .pending }

    /// The status that an event leads to; nil where the step is illegal.
    ///
    /// `Confirmed → Cancelled(refunded)` is the only step out of a final status.
    func after(_ kind: EventKind, reason: CancellationReason?) -> OrderStatus? {
        switch (self, kind, reason) {
        case (.none, .orderCreated, _): .pending
        case (.pending, .orderCancellationRequested, _), (.confirmed, .orderCancellationRequested, _): self
        case (.pending, .orderConfirmed, _): .confirmed
        case (.pending, .orderCancelled, let reason?) where reason != .refunded: .cancelled(reason)
        case (.confirmed, .orderCancelled, .refunded?): .cancelled(.refunded)
        default: nil
        }
    }

    /// `status` and `reason` as the Order database says them.
    var words: (status: String, reason: String?) {
        switch self {
        case .none: ("none", nil)
        case .pending: ("pending", nil)
        case .confirmed: ("confirmed", nil)
        case .cancelled(let reason): ("cancelled", reason.rawValue)
        }
    }

    var text: String {
        let (status, reason) = words
        return reason.map { "\(status)(\($0))" } ?? status
    }
}

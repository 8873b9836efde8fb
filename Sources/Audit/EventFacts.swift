import Contracts
import Foundation

/// One event of the log, as small as the audit needs it. Its offset is its place in `TopicFacts.events`.
struct EventFact {
    let id: EventID
    let cause: EventID?
    /// Microseconds since 1970.
    let time: Int64
    /// Nil for a type that the audit does not know, or bytes that are no event.
    let kind: EventKind?
    /// Index into `TopicFacts.types`.
    let type: UInt16
    /// Index into the topic's array of this kind's details; -1 where there is none.
    let detail: Int32
    /// Nil where the subject is no order.
    let order: OrderID?
}

/// The fields of each type that the audit looks at, decoded once an event.
enum Detail {
    struct Line: Decodable, Hashable {
        let productID: String
        let quantity: Int64
    }

    struct OrderCreated: Decodable {
        let total: Money
        let lines: [Line]
        let idempotencyKey: String
    }

    struct OrderConfirmed: Decodable {
        let total: Money
        let lines: [Line]
    }

    struct OrderCancelled: Decodable {
        let reason: CancellationReason
        let total: Money
        let lines: [Line]
    }

    struct Stock: Decodable {
        let lines: [Line]
    }

    struct StockRejected: Decodable {
        let shortages: [Shortage]
    }

    struct StockAdjusted: Decodable {
        let delta: Int64
    }

    struct PaymentSucceeded: Decodable {
        let amount: Money
        let paymentIntent: String
    }

    struct PaymentFailed: Decodable {
        let reason: PaymentFailureReason
    }

    struct PaymentRefunded: Decodable {
        let amount: Money
        let paymentIntent: String
        let refund: String
    }

    struct NotificationSent: Decodable {
        let kind: NotificationKind
        let channel: String
        let messageID: String
    }

    struct NotificationFailed: Decodable {
        let kind: NotificationKind
    }

    /// Each of the events about a dead letter.
    struct DeadLetter: Decodable {
        let eventID: EventID
        let actor: String?
        /// Of an edit.
        let corrected: Data?
    }
}

/// The details of one topic's events, an array a kind.
struct Details {
    var created: [Detail.OrderCreated] = []
    var confirmed: [Detail.OrderConfirmed] = []
    var cancelled: [Detail.OrderCancelled] = []
    /// Reserved and released.
    var stock: [Detail.Stock] = []
    /// The product is the event's subject.
    var adjusted: [(product: String, delta: Int64)] = []
    var succeeded: [Detail.PaymentSucceeded] = []
    var failed: [Detail.PaymentFailed] = []
    var refunded: [Detail.PaymentRefunded] = []
    var sent: [Detail.NotificationSent] = []
    var notSent: [Detail.NotificationFailed] = []
    var rejected: [Detail.StockRejected] = []
    var letters: [Detail.DeadLetter] = []

    private let decoder = JSONDecoder()

    /// Decodes what is wanted of an event and returns its index, -1 where nothing is.
    mutating func add(_ kind: EventKind, _ envelope: Envelope) throws -> Int32 {
        let data = Data(envelope.data)
        func put<Value: Decodable>(_ values: inout [Value]) throws -> Int32 {
            values.append(try decoder.decode(Value.self, from: data))
            return Int32(values.count - 1)
        }
        switch kind {
        case .orderCreated: return try put(&created)
        case .orderConfirmed: return try put(&confirmed)
        case .orderCancelled: return try put(&cancelled)
        case .stockReserved, .stockReleased: return try put(&stock)
        case .stockAdjusted:
            adjusted.append((envelope.subject, try decoder.decode(Detail.StockAdjusted.self, from: data).delta))
            return Int32(adjusted.count - 1)
        case .paymentSucceeded: return try put(&succeeded)
        case .paymentFailed: return try put(&failed)
        case .paymentRefunded: return try put(&refunded)
        case .notificationSent: return try put(&sent)
        case .notificationFailed: return try put(&notSent)
        case .stockRejected: return try put(&rejected)
        case .eventDeadLettered, .deadLetterRedriven, .deadLetterEdited, .deadLetterDiscarded: return try put(&letters)
        case .orderCancellationRequested, .orderStuck, .stockRanLow: return -1
        }
    }
}

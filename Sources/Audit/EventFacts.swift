import Contracts
import Foundation

/// One event of the log, as small as the audit needs it. Its offset is its place in `TopicFacts.events`.
struct EventFact {
    let id: EventID
    let cause: EventID?
    let correlation: CorrelationID
    /// Microseconds since 1970.
    let time: Int64
    /// Nil where there is no such type that the audit knows, or the bytes are no event.
    let kind: EventKind?
    /// Index into `TopicFacts.types`.
    let type: UInt32
    /// Index into the topic's array of this kind's details; -1 if there is none.
    let detail: Int32
    /// Nil if the subject is no order.
    let order: OrderID?
}

/// The fields of each type that the audit looks at, decoded once per event.
enum Detail {
    typealias NotificationSent = V1.NotificationSent
    typealias NotificationFailed = V1.NotificationFailed

    /// Reserved or released.
    struct Stock {
        let lines: [StockLine]
        /// What a reservation says besides.
        let reservation: Reservation?
        /// Of a release.
        let reason: ReleaseReason?
    }

    struct Reservation {
        let total: Money
        let cardToken: String
        let expiresAt: Timestamp
    }

    struct StockAdjusted {
        /// The event's subject.
        let product: String
        let delta: Int64
        let reason: StockAdjustmentReason
        let key: String
    }

    struct StockRanLow {
        /// The event's subject.
        let product: String
        let available: Int64
        let threshold: Int64
    }

    /// Each of the events about a dead letter; a member that the type does not have is `nil`.
    struct DeadLetter: Decodable {
        let service: ServiceName
        let eventID: EventID
        let actor: String?
        let reason: String?
        /// Of an edit.
        let corrected: Data?
        let wasDuplicate: Bool?
        let topic: String?
        let offset: UInt64?
        /// The event that died, with its card token masked.
        let event: Data?
        let errorKind: String?
        let error: String?
        let attempts: Int64?
        /// The event's subject.
        var subject = ""

        private enum CodingKeys: CodingKey {
            case service, eventID, actor, reason, corrected, wasDuplicate, topic, offset, event, errorKind, error
            case attempts
        }
    }
}

/// The details of one topic's events, an array per kind.
struct Details {
    var created: [V1.OrderCreated] = []
    var confirmed: [V1.OrderConfirmed] = []
    var cancelled: [V1.OrderCancelled] = []
    var stock: [Detail.Stock] = []
    var adjusted: [Detail.StockAdjusted] = []
    var succeeded: [V1.PaymentSucceeded] = []
    var failed: [V1.PaymentFailed] = []
    var refunded: [V1.PaymentRefunded] = []
    var sent: [V1.NotificationSent] = []
    var notSent: [V1.NotificationFailed] = []
    var rejected: [V1.StockRejected] = []
    var stuck: [V1.OrderStuck] = []
    var ranLow: [Detail.StockRanLow] = []
    var letters: [Detail.DeadLetter] = []

    private let decoder = JSONDecoder()

    /// Decodes what is wanted of an event and returns its index, -1 if nothing is.
    mutating func add(_ kind: EventKind, _ envelope: Envelope) throws -> Int32 {
        let data = envelope.data
        func put<Value>(_ value: Value, _ values: inout [Value]) -> Int32 {
            values.append(value)
            return Int32(truncatingIfNeeded: values.count - 1)
        }
        switch kind {
        case .orderCreated: return put(try V1.OrderCreated.decoded(from: data), &created)
        case .orderConfirmed: return put(try V1.OrderConfirmed.decoded(from: data), &confirmed)
        case .orderCancelled: return put(try V1.OrderCancelled.decoded(from: data), &cancelled)
        case .stockReserved:
            let payload = try V1.StockReserved.decoded(from: data)
            let reservation = Detail.Reservation(
                total: payload.total, cardToken: payload.cardToken, expiresAt: payload.expiresAt)
            return put(Detail.Stock(lines: payload.lines, reservation: reservation, reason: nil), &stock)
        case .stockReleased:
            let payload = try V1.StockReleased.decoded(from: data)
            return put(Detail.Stock(lines: payload.lines, reservation: nil, reason: payload.reason), &stock)
        case .stockAdjusted:
            let payload = try V1.StockAdjusted.decoded(from: data)
            let detail = Detail.StockAdjusted(
                product: envelope.subject, delta: payload.delta, reason: payload.reason, key: payload.adjustmentKey)
            return put(detail, &adjusted)
        case .paymentSucceeded: return put(try V1.PaymentSucceeded.decoded(from: data), &succeeded)
        case .paymentFailed: return put(try V1.PaymentFailed.decoded(from: data), &failed)
        case .paymentRefunded: return put(try V1.PaymentRefunded.decoded(from: data), &refunded)
        case .notificationSent: return put(try V1.NotificationSent.decoded(from: data), &sent)
        case .notificationFailed: return put(try V1.NotificationFailed.decoded(from: data), &notSent)
        case .stockRejected: return put(try V1.StockRejected.decoded(from: data), &rejected)
        case .orderStuck: return put(try V1.OrderStuck.decoded(from: data), &stuck)
        case .stockRanLow:
            let payload = try V1.StockRanLow.decoded(from: data)
            let detail = Detail.StockRanLow(
                product: envelope.subject, available: payload.available, threshold: payload.threshold)
            return put(detail, &ranLow)
        case .eventDeadLettered, .deadLetterRedriven, .deadLetterEdited, .deadLetterDiscarded:
            var letter = try decoder.decode(Detail.DeadLetter.self, from: Data(data))
            letter.subject = envelope.subject
            return put(letter, &letters)
        case .orderCancellationRequested: return -1
        }
    }
}

package import Contracts
import Delivery

/// What is to be told, to whom, and of which event: everything a message is made of.
package struct Notice: Equatable, Sendable {
    package let kind: NotificationKind
    package let order: OrderID
    /// The event that it tells of.
    package let event: EventID
    package let email: String
    package let lines: [OrderLine]
    package let total: Money
    /// When it was decided to tell: the message's date.
    package let decidedAt: Timestamp

    package init(
        kind: NotificationKind, order: OrderID, event: EventID, email: String, lines: [OrderLine], total: Money,
        decidedAt: Timestamp
    ) {
        self.kind = kind
        self.order = order
        self.event = event
        self.email = email
        self.lines = lines
        self.total = total
        self.decidedAt = decidedAt
    }

    /// The call's kind in `intents`.
    static let callKind = "mail"

    /// One message an order and kind, whatever happens: the call's key.
    package static func key(_ order: OrderID, _ kind: NotificationKind) -> String {
        "mail:\(order):\(kind.rawValue)"
    }

    /// Derived from the event, so that the message is the same one however often it is made.
    package static func messageID(of event: EventID) -> String {
        "<\(event)@\(Sender.domain)>"
    }
}

extension NotificationKind {
    /// What a cancelled order's customer is told.
    package init(of reason: CancellationReason) {
        self =
            switch reason {
            case .soldOut: .soldOut
            case .paymentDeclined, .paymentExpired, .abandoned: .paymentFailed
            case .cancelledByCustomer: .cancellation
            case .refunded: .refund
            }
    }
}

/// Who writes to the customer.
enum Sender {
    static let name = "Stampede"
    static let domain = "stampede.example"
    static let address = "orders@\(domain)"
}

// MARK: - A notice as a call on record

extension Notice {
    /// The call that a decision asks for: the event's own data, from which the message is made again the same.
    static func call(_ kind: NotificationKind, _ event: Envelope, order: OrderID) -> CallRequest {
        CallRequest(key: key(order, kind), kind: callKind, subject: event.subject, body: event.data)
    }

    /// - Throws: `EventFault` where the call on record is of another program version and cannot be read.
    init(_ intent: Intent) throws {
        guard let order = OrderID(intent.subject) else {
            throw EventFault.undecodable("the call \(intent.key) is about '\(intent.subject)', which is no order id")
        }
        do {
            switch intent.cause.type {
            case V1.OrderConfirmed.type:
                let payload = try V1.OrderConfirmed.decoded(from: intent.request)
                self.init(
                    kind: .confirmation, order: order, event: intent.cause.id, email: payload.email,
                    lines: payload.lines,
                    total: payload.total, decidedAt: intent.recordedAt)
            case V1.OrderCancelled.type:
                let payload = try V1.OrderCancelled.decoded(from: intent.request)
                self.init(
                    kind: NotificationKind(of: payload.reason), order: order, event: intent.cause.id,
                    email: payload.email,
                    lines: payload.lines, total: payload.total, decidedAt: intent.recordedAt)
            default:
                throw EventFault.undecodable("nobody is told of \(intent.cause.type)")
            }
        } catch let error as DecodingError {
            throw EventFault.undecodable("the call \(intent.key) cannot be read: \(error)")
        }
    }
}

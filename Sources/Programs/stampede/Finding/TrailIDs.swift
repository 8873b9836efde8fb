import Contracts
import Delivery

/// The ids that the events of an order have, should they ever happen.
///
/// *Why this is enough*: an event's id is derived from its cause (docs/architecture.md), and what begins an order's way is
/// a command whose key names the order. So they are known without looking; each service's inbox then says where in the
/// log an event lies, and nothing is searched for.
struct TrailIDs: Sendable {
    let order: OrderID
    /// Events of the order's way; a set, for causes are shared.
    private(set) var events: Set<EventID> = []
    /// What services would say, should such an event die there.
    private(set) var announcements: Set<EventID> = []

    init(_ order: OrderID) {
        self.order = order
        // Its command is as old as the order, to the millisecond, and an id keeps no more.
        let at = Timestamp(microseconds: Int64(clamping: order.milliseconds) * 1000)
        add(Self.begin("create:\(order)", V1.OrderCreated.type, at: at, by: .order, order), V1.OrderCreated.type)
    }

    /// The customer asked to cancel at that time.
    mutating func addRequest(at time: Timestamp) {
        let type = V1.OrderCancellationRequested.type
        add(Self.begin("cancel:\(order)", type, at: time, by: .order, order), type)
    }

    /// Analytics' report of that number, made at that time.
    mutating func addStuckReport(_ number: Int64, at time: Timestamp) {
        let type = V1.OrderStuck.type
        add(Self.begin("stuck:\(order):\(number)", type, at: time, by: .analytics, order), type)
    }

    /// What follows from an event of that type, and from that.
    private static let effects: [String: [(ServiceName, String)]] = [
        V1.OrderCreated.type: [(.inventory, V1.StockReserved.type), (.inventory, V1.StockRejected.type)],
        V1.StockReserved.type: [(.payment, V1.PaymentSucceeded.type), (.payment, V1.PaymentFailed.type)],
        V1.StockRejected.type: [(.order, V1.OrderCancelled.type)],
        V1.PaymentSucceeded.type: [(.order, V1.OrderConfirmed.type)],
        V1.PaymentFailed.type: [(.order, V1.OrderCancelled.type), (.inventory, V1.StockReleased.type)],
        V1.OrderCancellationRequested.type: [(.payment, V1.PaymentRefunded.type)],
        V1.PaymentRefunded.type: [(.order, V1.OrderCancelled.type), (.inventory, V1.StockReleased.type)],
        V1.OrderConfirmed.type: notices, V1.OrderCancelled.type: notices,
    ]
    private static let notices: [(ServiceName, String)] = [
        (.notification, V1.NotificationSent.type), (.notification, V1.NotificationFailed.type),
    ]

    private mutating func add(_ id: EventID, _ type: String) {
        events.insert(id)
        for service in ServiceName.allCases {
            announcements.insert(
                DerivedID.event(cause: id, service: service, type: V1.EventDeadLettered.type, ordinal: 0))
        }
        for (service, effect) in Self.effects[type] ?? [] {
            add(DerivedID.event(cause: id, service: service, type: effect, ordinal: 0), effect)
        }
    }

    private static func begin(
        _ key: String, _ type: String, at time: Timestamp, by service: ServiceName, _ order: OrderID
    ) -> EventID {
        let command = Command(key: key, correlationID: order.rebound(), at: time)
        return DerivedID.event(command: command, service: service, type: type, ordinal: 0)
    }
}

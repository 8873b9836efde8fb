import Contracts
import OrderService

/// The body of `POST /v1/orders`.
struct PlaceOrderBody: Decodable {
    struct Line: Decodable {
        let productId: String
        let quantity: WholeNumber
    }

    let customerId: String
    let email: String
    let currency: String
    let cardToken: String
    let lines: [Line]
}

/// The answer to an order that was accepted.
struct AcceptedJSON: Encodable {
    let orderId: OrderID
    let status: String
    let total: Money
}

/// An order as `GET /v1/orders/{id}` shows it.
struct OrderJSON: Encodable {
    struct Line: Encodable {
        let productId: String
        let quantity: Int64
        let unitPrice: Int64
    }

    let orderId: OrderID
    let status: OrderStatus
    let reason: CancellationReason?
    let total: Money
    let lines: [Line]
    let cancellationRequested: Bool
    let createdAt: Timestamp
    let updatedAt: Timestamp

    init(_ order: StoredOrder) {
        orderId = order.orderID
        status = order.status
        reason = order.reason
        total = order.total
        lines = order.lines.map { Line(productId: $0.productID, quantity: $0.quantity, unitPrice: $0.unitPrice) }
        cancellationRequested = order.cancellationRequestedAt != nil
        createdAt = order.createdAt
        updatedAt = order.updatedAt
    }

    private enum CodingKeys: CodingKey {
        case orderId, status, reason, total, lines, cancellationRequested, createdAt, updatedAt
    }

    /// Written out for `reason`, which is there as null where there is none.
    func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(orderId, forKey: .orderId)
        try container.encode(status, forKey: .status)
        try container.encode(reason, forKey: .reason)
        try container.encode(total, forKey: .total)
        try container.encode(lines, forKey: .lines)
        try container.encode(cancellationRequested, forKey: .cancellationRequested)
        try container.encode(createdAt, forKey: .createdAt)
        try container.encode(updatedAt, forKey: .updatedAt)
    }
}

struct ProductsJSON: Encodable {
    let products: [Product]
}

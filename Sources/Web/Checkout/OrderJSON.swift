import Contracts
import OrderService

/// The answer to an order that was accepted: one for every checkout, so it is written by hand.
struct AcceptedJSON {
    let orderId: OrderID
    let status: String
    /// What opens the order; see `OrderAccess`.
    let token: String
    let total: Money

    var bytes: [UInt8] {
        var writer = CanonicalJSONWriter()
        writer.raw(#"{"orderId":"#)
        writer.string(orderId.description)
        writer.raw(#","status":"#)
        writer.string(status)
        writer.raw(#","token":"#)
        writer.string(token)
        writer.raw(#","total":"#)
        total.write(to: &writer)
        writer.raw("}")
        return writer.bytes
    }
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

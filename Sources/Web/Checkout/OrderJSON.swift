import Contracts
import OrderService

/// The body of `POST /v1/orders`.
struct PlaceOrderBody: Decodable {
    struct Line: Decodable {
        let productId: String
        let quantity: Int64
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
}

struct ProductsJSON: Encodable {
    let products: [Product]
}

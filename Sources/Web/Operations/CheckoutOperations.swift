import HTTPTypes

/// The checkout's surface, and the storefront's beside it.
enum CheckoutOperations {
    static let all: [HTTPOperation] = [
        HTTPOperation(
            .post, "/v1/orders", [202],
            HTTPOperation.bodyRefusals.union([
                HTTPOperation.Refusal(400, .invalidField), HTTPOperation.Refusal(413, .orderTooLarge),
                HTTPOperation.Refusal(422, .unknownProduct), HTTPOperation.Refusal(422, .idempotencyKeyReused),
            ]), isLimited: true),
        HTTPOperation(
            .get, "/v1/orders/{id}", [200],
            HTTPOperation.tokenRefusals.union([
                HTTPOperation.Refusal(400, .invalidField), HTTPOperation.Refusal(404, .unknownOrder),
            ]), isLimited: true),
        HTTPOperation(
            .delete, "/v1/orders/{id}", [202],
            HTTPOperation.tokenRefusals.union([HTTPOperation.Refusal(404, .unknownOrder)]), isLimited: true),
        HTTPOperation(.get, "/v1/products", isLimited: true),
    ]
}

extension Storefront {
    package static let operations: [HTTPOperation] = [
        HTTPOperation(.get, "/"), HTTPOperation(.get, "/orders/{id}"), HTTPOperation(.get, "/assets/{file}"),
        HTTPOperation(.get, "/storefront/stock", isLimited: true),
        HTTPOperation(.get, "/storefront/orders/{id}", [200], HTTPOperation.tokenRefusals, isLimited: true),
    ]
}

/// Every kind of refusal: the last part of `urn:stampede:problem:…`.
///
/// *Guarantee*: docs/reference/openapi.yaml lists exactly these. *If broken*: a client meets a refusal that nobody told it of.
package enum ProblemType: String, CaseIterable, Sendable {
    // Of the request as such, whatever it asks for.
    case malformedRequest = "malformed-request"
    case requestTimeout = "request-timeout"
    case bodyTooLarge = "body-too-large"
    case expectationFailed = "expectation-failed"
    case misdirectedRequest = "misdirected-request"
    case headTooLarge = "head-too-large"
    case tooManyRequests = "too-many-requests"
    case notFound = "not-found"
    case methodNotAllowed = "method-not-allowed"
    case unavailable
    case `internal`

    // Of its fields.
    case malformedJSON = "malformed-json"
    case missingField = "missing-field"
    case wrongType = "wrong-type"
    case invalidField = "invalid-field"
    case unsupportedMediaType = "unsupported-media-type"

    // Of an order.
    case unknownProduct = "unknown-product"
    case idempotencyKeyReused = "idempotency-key-reused"
    case orderTooLarge = "order-too-large"
    case unknownOrder = "unknown-order"

    // Of whoever asks.
    case unauthorized
    case forbidden

    // Of an operator's request.
    case refused
    case testFaultsOff = "test-faults-off"
    case stillUnderWay = "still-under-way"
}

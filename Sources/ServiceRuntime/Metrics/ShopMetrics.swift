package import Delivery

/// What the shop's adapters count: HTTP, the gateway, and Analytics' figures.
package enum ShopMetrics {
    package static let requestDuration = MetricDefinition(
        "http_server_request_duration_seconds", .seconds, "Time from a request's head to its answer",
        by: ["http_request_method", "http_route", "http_response_status_code"])
    package static let gatewayCalls = MetricDefinition(
        "stampede_gateway_calls_total", .counter,
        "Calls to the payment gateway: charge, void or refund, and what it answered",
        by: ["operation", "outcome"])
    package static let gatewayDuration = MetricDefinition(
        "stampede_gateway_call_duration_seconds", .seconds, "Time of a call to the payment gateway, answered or not",
        by: ["operation"])
    package static let orders = MetricDefinition(
        "stampede_orders", .gauge, "Orders that Analytics has seen, by state: pending, confirmed, cancelled",
        by: ["state"])
    package static let stuckOrders = MetricDefinition(
        "stampede_stuck_orders", .gauge, "Orders that were reported stuck and have no outcome yet")
    package static let settleDuration = MetricDefinition(
        "stampede_order_settle_duration_seconds", .histogram(settleBounds),
        "Time from an order to its outcome; the sum is made from the buckets and at most 19 % too high")

    /// Where Analytics' own buckets end, every fourth of them: 1 ms, 3, 7, … 131 s.
    package static let settleBounds = (1...17).map { Double((1 << $0) - 1) / 1000 }

    static let all = [requestDuration, gatewayCalls, gatewayDuration, orders, stuckOrders, settleDuration]
}

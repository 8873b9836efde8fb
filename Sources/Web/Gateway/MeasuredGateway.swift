import Delivery
import Metrics
package import PaymentService
import ServiceRuntime

/// Counts what a gateway answers, and how long it takes.
package struct MeasuredGateway: PaymentGateway {
    private let gateway: any PaymentGateway
    private let charges = Measure("charge")
    private let voids = Measure("void")
    private let refunds = Measure("refund")

    package init(_ gateway: any PaymentGateway) {
        self.gateway = gateway
    }

    package func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer {
        try await charges.measured(name) { try await gateway.charge(key: key, body: body) }
    }

    package func void(key: String) async throws -> ChargeAnswer {
        try await voids.measured(name) { try await gateway.void(key: key) }
    }

    package func refund(key: String, body: [UInt8]) async throws -> RefundAnswer {
        try await refunds.measured({ _ in "refunded" }) { try await gateway.refund(key: key, body: body) }
    }

    private func name(_ answer: ChargeAnswer) -> String {
        switch answer {
        case .captured: "captured"
        case .declined: "declined"
        case .voided: "voided"
        case .refused: "refused"
        }
    }

    /// The handles of one operation.
    private struct Measure: Sendable {
        private let outcomes: [String: Counter]
        private let duration: Timer

        init(_ operation: String) {
            let names = ["captured", "declined", "voided", "refused", "refunded", "unknown", "unreachable"]
            outcomes = Dictionary(
                uniqueKeysWithValues: names.map { ($0, ShopMetrics.gatewayCalls.counter(operation, $0)) })
            duration = ShopMetrics.gatewayDuration.timer(operation)
        }

        func measured<Answer>(
            _ name: (Answer) -> String, _ call: () async throws -> Answer
        ) async throws -> Answer {
            let start = ContinuousClock.now
            defer { duration.record(duration: ContinuousClock.now - start) }
            do {
                let answer = try await call()
                outcomes[name(answer)]?.increment()
                return answer
            } catch {
                outcomes[error is Unreachable ? "unreachable" : "unknown"]?.increment()
                throw error
            }
        }
    }
}

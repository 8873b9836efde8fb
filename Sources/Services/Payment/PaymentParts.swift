package import Delivery

extension PaymentService {
    /// What Payment runs besides its core: its calls to the gateway.
    ///
    /// - Parameters:
    ///   - concurrency: calls under way at most.
    ///   - callExecutor: where the calls run.
    package static func parts(
        node: ServiceNode, gateway: any PaymentGateway, concurrency: Int, randomness: any Randomness,
        callExecutor: any TaskExecutor
    ) throws -> [ServicePart] {
        let calls = Handover(
            try OutsideCalls(
                node: node, name: "the payment gateway", caller: GatewayCaller(gateway: gateway),
                concurrency: concurrency, randomness: randomness, callExecutor: callExecutor))
        return [ServicePart("gateway calls", on: .database) { try await calls.take().run() }]
    }
}

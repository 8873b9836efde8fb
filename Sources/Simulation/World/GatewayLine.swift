import Delivery
import PaymentService

/// One process's line to the gateway: slow, cut, or answered too late, as the plan has it.
struct GatewayLine: PaymentGateway {
    let gateway: SimulatedGateway
    let process: SimulatedProcess

    /// After so long the caller gives up.
    private static let timeout = Duration.seconds(2)

    /// Nothing is known about what a call did.
    struct UnknownOutcome: Error, CustomStringConvertible {
        let description: String
    }

    func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer {
        switch try await send(.charge(key: key, body: body)) {
        case .bound(let outcome): return try Self.charge(outcome)
        case .refused(let reason): return .refused(reason)
        }
    }

    func void(key: String) async throws -> ChargeAnswer {
        guard case .bound(let outcome) = try await send(.void(key: key)) else {
            throw UnknownOutcome(description: "a void that was refused")
        }
        return try Self.charge(outcome)
    }

    func refund(key: String, body: [UInt8]) async throws -> RefundAnswer {
        guard case .bound(.refunded(let id)) = try await send(.refund(key: key, body: body)) else {
            throw UnknownOutcome(description: "a refund that was not made")
        }
        return .refunded(id: id)
    }

    private static func charge(_ outcome: SimulatedGateway.Outcome) throws -> ChargeAnswer {
        switch outcome {
        case .captured(let id): return .captured(paymentIntent: id)
        case .declined(let code): return .declined(code: code)
        case .voided: return .voided
        case .refunded: throw UnknownOutcome(description: "a refund where a charge was asked about")
        }
    }

    private func withFreshKey(_ request: SimulatedGateway.Request) -> SimulatedGateway.Request {
        guard case .charge(let key, let body) = request else { return request }
        return .charge(key: "\(key)-\(process.randomness.next())", body: body)
    }

    /// Unchecked: a world runs on one thread.
    private final class Reply: @unchecked Sendable {
        var answer: SimulatedGateway.Answer?
    }

    /// The request arrives whether or not whoever sent it is still there.
    private func send(_ request: SimulatedGateway.Request) async throws -> SimulatedGateway.Answer {
        let (world, saboteur) = (process.world, process.world.saboteur)
        guard !process.isDead else { throw UnknownOutcome(description: "the process is dead") }
        if let down = saboteur.inForce(.gatewayDown) {
            saboteur.fired(.gatewayDown, of: down)
            throw Unreachable(reason: "connection refused")
        }
        if saboteur.strikesNow(.gatewayError, chance: 0.5) {
            try await world.time.sleep(for: saboteur.milliseconds(1...20))
            throw UnknownOutcome(description: "status 500")
        }
        var latency = saboteur.milliseconds(1...20)
        if let slow = saboteur.inForce(.gatewaySlow) {
            saboteur.fired(.gatewaySlow, of: slow)
            latency += saboteur.milliseconds(100...1900)
        }
        if saboteur.strikesNow(.gatewayLate, chance: 0.5) {
            latency = Self.timeout + saboteur.milliseconds(10...20_000)
        }
        let request = process.world.options.planted == .freshKeyEachCall ? withFreshKey(request) : request
        let reply = Reply()
        world.time.after(latency) { [gateway] in reply.answer = gateway.decide(request) }
        if saboteur.strikesNow(.gatewayTwice, chance: 0.5) {
            world.time.after(latency + saboteur.milliseconds(1...10_000)) { [gateway] in _ = gateway.decide(request) }
        }
        if saboteur.strikesNow(.gatewayLost, chance: 0.5) {
            try await world.time.sleep(for: min(latency, Self.timeout) + .milliseconds(1))
            throw UnknownOutcome(description: "the connection was cut")
        }
        try await world.time.sleep(for: min(latency + saboteur.milliseconds(0...5), Self.timeout))
        guard !process.isDead, let answer = reply.answer else {
            throw UnknownOutcome(description: "no answer in time")
        }
        return answer
    }
}

import Contracts
import Foundation
import Synchronization

@testable import PaymentService

/// An acquirer in memory: binds a key to the first of capture, decline or void; loses answers when told to.
final class PaymentFakeGateway: PaymentGateway {
    /// What happens to a call on its way.
    enum Weather: CaseIterable {
        case clear
        /// It never arrives.
        case lostBefore
        /// It is carried out, and nobody hears of it.
        case lostAfter
    }

    struct Lost: Error {}

    struct Call: Equatable, Sendable {
        let operation: String
        let key: String
        let body: [UInt8]
        let at: Timestamp
    }

    private struct State {
        var bound: [String: ChargeAnswer] = [:]
        var captured: [String: Money] = [:]
        var refunds: [String: (id: String, amount: Money)] = [:]
        var calls: [Call] = []
        var weather: [Weather] = []
    }

    private let clock: ManualClock
    private let state = Mutex(State())
    /// Weather of calls for which none was set.
    private let forecast: @Sendable () -> Weather

    init(clock: ManualClock, forecast: @escaping @Sendable () -> Weather = { .clear }) {
        self.clock = clock
        self.forecast = forecast
    }

    /// Of the next calls, one each.
    func expect(_ weather: Weather...) { state.withLock { $0.weather += weather } }

    func forgetForecast() { state.withLock { $0.weather = [] } }

    func bind(_ key: String, _ answer: ChargeAnswer, amount: Money = Money(amount: 0, currency: "GBP")) {
        state.withLock { state in
            state.bound[key] = answer
            if case .captured(let intent) = answer { state.captured[intent] = amount }
        }
    }

    var calls: [Call] { state.withLock { $0.calls } }
    func calls(_ keys: Set<String>) -> [Call] { state.withLock { $0.calls.filter { keys.contains($0.key) } } }
    func bound(_ key: String) -> ChargeAnswer? { state.withLock { $0.bound[key] } }
    var captures: [String: Money] { state.withLock { $0.captured } }
    var refunds: [String: Money] { state.withLock { $0.refunds.mapValues(\.amount) } }

    /// Minor units captured and not paid back.
    var balance: Int64 {
        state.withLock { state in
            state.captured.values.reduce(0) { $0 + $1.amount }
                - state.refunds.values.reduce(0) { $0 + $1.amount.amount }
        }
    }

    func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer {
        try call("charge", key, body) { state in
            if let bound = state.bound[key] { return bound }
            let request = try JSONDecoder().decode(ChargeBody.self, from: Data(body))
            switch request.paymentMethod {
            case "tok_declined": state.bound[key] = .declined(code: "generic_decline")
            case "tok_unknown": return .refused("no such card")
            default:
                let intent = "pi_\(key)"
                state.bound[key] = .captured(paymentIntent: intent)
                state.captured[intent] = Money(amount: request.amount, currency: request.currency.uppercased())
            }
            return state.bound[key] ?? .voided
        }
    }

    func void(key: String) async throws -> ChargeAnswer {
        try call("void", key, []) { state in
            let answer = state.bound[key] ?? .voided
            state.bound[key] = answer
            return answer
        }
    }

    func refund(key: String, body: [UInt8]) async throws -> RefundAnswer {
        try call("refund", key, body) { state in
            let request = try JSONDecoder().decode(RefundBody.self, from: Data(body))
            if let done = state.refunds[key] { return .refunded(id: done.id) }
            guard let captured = state.captured[request.paymentIntent], request.amount <= captured.amount else {
                throw Lost()
            }
            let amount = Money(amount: request.amount, currency: request.currency.uppercased())
            state.refunds[key] = ("re_\(key)", amount)
            return .refunded(id: "re_\(key)")
        }
    }

    private func call<Answer>(
        _ operation: String, _ key: String, _ body: [UInt8], _ carryOut: (inout State) throws -> Answer
    ) throws -> Answer {
        try state.withLock { state in
            state.calls.append(Call(operation: operation, key: key, body: body, at: clock.now()))
            let weather = state.weather.isEmpty ? forecast() : state.weather.removeFirst()
            if weather == .lostBefore { throw Lost() }
            let answer = try carryOut(&state)
            if weather == .lostAfter { throw Lost() }
            return answer
        }
    }
}

import Contracts
import Delivery
import Foundation
import PaymentService

/// The acquirer outside the simulated machine, with the rules of the real one: a key is bound to the first of capture,
/// decline, void or refund, never to a failure; the same request under it gets the first answer again.
///
/// It never crashes and never forgets. Unchecked: a world runs on one thread.
final class SimulatedGateway: @unchecked Sendable {
    /// A movement of money.
    struct Entry {
        let isRefund: Bool
        let key: String
        let id: String
        let paymentIntent: String
        let order: String
        let amount: Int64
        let currency: String
        let at: Int64
    }

    /// What a key means, for ever.
    struct Binding {
        let outcome: Outcome
        /// The request that bound it.
        let body: [UInt8]
    }

    enum Outcome: Equatable {
        case captured(id: String)
        case declined(code: String)
        case voided
        case refunded(id: String)

        /// What was answered; `nil` if nothing was bound by a request that is answered with an object.
        var response: String? {
            switch self {
            case .captured(let id), .refunded(let id): #"{"id":"\#(id)"}"#
            case .declined(let code): #"{"error":{"decline_code":"\#(code)"}}"#
            case .voided: nil
            }
        }

        /// The HTTP status of the answer on record.
        var status: Int64? {
            switch self {
            case .captured, .refunded: 200
            case .declined: 402
            case .voided: nil
            }
        }

        /// As the ledger's table has it.
        var name: String {
            switch self {
            case .captured: "captured"
            case .declined: "declined"
            case .voided: "voided"
            case .refunded: "refunded"
            }
        }
    }

    enum Request {
        case charge(key: String, body: [UInt8])
        case void(key: String)
        case refund(key: String, body: [UInt8])

        var key: String {
            switch self {
            case .charge(let key, _), .void(let key), .refund(let key, _): key
            }
        }
    }

    enum Answer {
        case bound(Outcome)
        /// Not taken, now or later; nothing is bound.
        case refused(String)
    }

    private unowned let world: World
    private(set) var entries: [Entry] = []
    private(set) var bindings: [(key: String, binding: Binding)] = []
    private var index: [String: Int] = [:]

    static let declinedCard = "tok_chargeDeclined"
    static let goodCard = "tok_visa"

    init(world: World) {
        self.world = world
    }

    /// A request that has arrived.
    func decide(_ request: Request) -> Answer {
        world.trace.note("gateway", request.key, UInt64(entries.count))
        switch request {
        case .charge(let key, let body): return charge(key, body)
        case .void(let key):
            if let bound = binding(of: key) { return .bound(bound.outcome) }
            return bind(key, .voided, [])
        case .refund(let key, let body): return refund(key, body)
        }
    }

    private func charge(_ key: String, _ body: [UInt8]) -> Answer {
        if let bound = binding(of: key) {
            if bound.outcome == .voided { return .bound(.voided) }
            return bound.body == body ? .bound(bound.outcome) : .refused("another request came under this key")
        }
        guard let charge = try? JSONDecoder().decode(Charge.self, from: Data(body)), charge.confirm, charge.amount > 0
        else { return .refused("this is no charge") }
        if charge.payment_method != Self.goodCard {
            world.saboteur.fired(.cardDeclined)
            return bind(key, .declined(code: "generic_decline"), body)
        }
        let id = "pi_\(entries.count + 1)"
        entries.append(
            Entry(
                isRefund: false, key: key, id: id, paymentIntent: id, order: charge.metadata["order_id"] ?? "",
                amount: charge.amount, currency: charge.currency.uppercased(), at: world.time.wall.microseconds))
        return bind(key, .captured(id: id), body)
    }

    private func refund(_ key: String, _ body: [UInt8]) -> Answer {
        if let bound = binding(of: key) {
            return bound.body == body ? .bound(bound.outcome) : .refused("another request came under this key")
        }
        guard let refund = try? JSONDecoder().decode(Refund.self, from: Data(body)),
            let capture = entries.first(where: { !$0.isRefund && $0.paymentIntent == refund.payment_intent })
        else { return .refused("no such captured payment intent") }
        let returned = entries.filter { $0.isRefund && $0.paymentIntent == capture.paymentIntent }
        guard refund.amount > 0, refund.amount <= capture.amount - returned.reduce(0, { $0 + $1.amount }) else {
            return .refused("more than is left to refund")
        }
        let id = "re_\(entries.count + 1)"
        entries.append(
            Entry(
                isRefund: true, key: key, id: id, paymentIntent: capture.paymentIntent, order: capture.order,
                amount: refund.amount, currency: capture.currency, at: world.time.wall.microseconds))
        return bind(key, .refunded(id: id), body)
    }

    private func binding(of key: String) -> Binding? {
        index[key].map { bindings[$0].binding }
    }

    private func bind(_ key: String, _ outcome: Outcome, _ body: [UInt8]) -> Answer {
        index[key] = bindings.count
        bindings.append((key, Binding(outcome: outcome, body: body)))
        return .bound(outcome)
    }

    private struct Charge: Decodable {
        let amount: Int64
        let currency: String
        let payment_method: String
        let confirm: Bool
        let metadata: [String: String]
    }

    private struct Refund: Decodable {
        let amount: Int64
        let payment_intent: String
    }
}

import Contracts
import Foundation
import GRDB
import Testing

@testable import Delivery
@testable import PaymentService

/// What Payment decides, asks and records, over every state of a payment and its calls.
enum SagaPaymentTables {
    private static let answers: [(name: String, answer: GatewayCaller.Answer)] = [
        ("captured", .charge(.captured(paymentIntent: "pi"))), ("declined", .charge(.declined(code: "no"))),
        ("voided", .charge(.voided)), ("refused", .charge(.refused("no"))), ("refunded", .refund(.refunded(id: "re"))),
    ]

    static func make() async throws -> (states: [String], tables: [DecisionTable]) {
        let rules = try SagaRules(PaymentService.card()) { order, db in
            try PaymentStore.payment(order, db).map { "payment_\($0.state)" } ?? "payment_none"
        }
        let states = try rules.states()
        let tables = try events(rules, states) + calls(rules) + [try await refusals()]
        return (states.map(\.name), tables)
    }

    // MARK: - Events

    private static func events(_ rules: SagaRules, _ states: [SagaRules.State]) throws -> [DecisionTable] {
        let payment = DecisionTable.Input(name: "payment", values: states.map(\.name))
        func facts(_ name: String) -> [SagaRules.Sample] { states.first { $0.name == name }?.facts ?? [] }
        let consumed = try rules.consumed()
        let event = DecisionTable.Input(name: "event", values: consumed.map(\.name))
        func sample(_ name: String) -> SagaRules.Sample { consumed.first { $0.name == name }! }

        let decides = try DecisionTable(
            "payment_decides",
            "What Payment says and asks for when it hears an event; charge, refund: whether there is such a call.",
            [event, payment, .condition("charge"), .condition("refund"), .condition("requested"), .condition("late")],
            outputs: ["said", "call"]
        ) { input in
            try rules.trial { db in
                try rules.apply(facts(input[1]), db)
                if input[2] == "1" { try record("charge", rules, db) }
                if input[3] == "1" { try record("refund", rules, db) }
                if input[4] == "1" { try request(rules, db) }
                let names = try SagaRules.names { try rules.hear(sample(input[0]), at: time(late: input[5]), db) }
                return [names.said, names.call]
            }
        }
        let notes = try DecisionTable(
            "payment_notes", "Whether Payment knows of the customer's request once it heard an event.",
            [event, .condition("requested")], outputs: ["requested"]
        ) { input in
            try rules.trial { db in
                if input[1] == "1" { try request(rules, db) }
                _ = try rules.hear(sample(input[0]), db)
                return [try PaymentStore.isCancellationRequested(rules.order, db) ? "1" : "0"]
            }
        }
        let own = try rules.own()
        let applies = DecisionTable(
            "payment_applies", "What an event of its own makes of a payment.",
            [.init(name: "fact", values: own.map(\.name)), payment], outputs: ["payment"]
        ) { input in
            let fact = own.first { $0.name == input[0] }!
            return [
                (try? rules.trial { db in
                    try rules.apply(facts(input[1]) + [fact], db)
                    return try rules.stateName(db)
                }) ?? "broken"
            ]
        }
        let given = consumed.filter { $0.payload is V1.StockReserved }
        let discards = try DecisionTable(
            "payment_discards", "What Payment says when an operator gives up on an event.",
            [.init(name: "event", values: given.map(\.name)), payment, .condition("charge")], outputs: ["said"]
        ) { input in
            try rules.trial { db in
                try rules.apply(facts(input[1]), db)
                if input[2] == "1" { try record("charge", rules, db) }
                return [try SagaRules.names { try rules.discard(sample(input[0]), db) }.said]
            }
        }
        return [decides, notes, applies, discards]
    }

    // MARK: - Calls

    private static func calls(_ rules: SagaRules) throws -> [DecisionTable] {
        struct Silent: PaymentGateway {
            struct Asked: Error {}
            func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer { throw Asked() }
            func void(key: String) async throws -> ChargeAnswer { throw Asked() }
            func refund(key: String, body: [UInt8]) async throws -> RefundAnswer { throw Asked() }
        }
        let caller = GatewayCaller(gateway: Silent())
        let asks = try DecisionTable(
            "payment_asks", "What Payment asks the gateway while a call is open.",
            [
                .init(name: "open", values: ["call_charge", "call_refund"]), .condition("requested"),
                .condition("late"),
            ],
            outputs: ["call"]
        ) { input in
            try rules.trial { db in
                if input[1] == "1" { try request(rules, db) }
                let intent = try intent(String(input[0].dropFirst("call_".count)), rules)
                return switch try caller.question(for: intent, isOverdue: input[2] == "1", in: db) {
                case .charge: ["call_charge"]
                case .void: ["call_void"]
                case .refund: ["call_refund"]
                }
            }
        }
        let settles = try DecisionTable(
            "payment_settles", "What Payment says and asks for when an answer is put on record.",
            [
                .init(name: "answer", values: answers.map { "answer_\($0.name)" }), .condition("requested"),
                .condition("late"),
            ], outputs: ["said", "call"]
        ) { input in
            try rules.trial { db in
                if input[1] == "1" { try request(rules, db) }
                let answer = answers.first { "answer_\($0.name)" == input[0] }!
                let intent = try intent(answer.name == "refunded" ? "refund" : "charge", rules)
                let names = try SagaRules.names {
                    try caller.settle(intent, answer.answer, isOverdue: input[2] == "1", in: db)
                }
                return [names.said, names.call]
            }
        }
        return [asks, settles]
    }

    /// A charge that the gateway refuses is voided at once: what the void's answer makes of it.
    private static func refusals() async throws -> DecisionTable {
        struct Refusing: PaymentGateway {
            let void: ChargeAnswer
            func charge(key: String, body: [UInt8]) async throws -> ChargeAnswer { .refused("no") }
            func void(key: String) async throws -> ChargeAnswer { void }
            func refund(key: String, body: [UInt8]) async throws -> RefundAnswer { .refunded(id: "re") }
        }
        var results: [String: String] = [:]
        for case (let name, .charge(let bound)) in answers where name != "refused" {
            let answer = try await GatewayCaller(gateway: Refusing(void: bound)).ask(.charge(key: "k", body: []))
            results["answer_\(name)"] = "answer_" + (answers.first { $0.answer == answer }?.name ?? "refused")
        }
        return DecisionTable(
            "payment_takes_void",
            "What Payment takes for the charge's answer where the gateway refused it, by the void's.",
            [.init(name: "bound", values: answers.map { "answer_\($0.name)" }.filter { results[$0] != nil })],
            outputs: ["answer"]
        ) { [results[$0[0]]!] }
    }

    // MARK: - Rows

    private static func time(late: String) -> Timestamp { late == "1" ? SagaRules.expiresAt : SagaRules.now }

    private static func request(_ rules: SagaRules, _ db: Database) throws {
        let request = SagaRules.Sample(name: "", payload: V1.OrderCancellationRequested())
        try PaymentStore.insertCancellation(rules.order, try rules.envelope(request), db)
    }

    private static func record(_ kind: String, _ rules: SagaRules, _ db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO intents (key, kind, subject, cause, request, state, recorded_at)
                VALUES (?, ?, ?, x'', x'', 'open', 0)
                """, arguments: ["\(kind):\(rules.order)", kind, rules.order.description])
    }

    private static func intent(_ kind: String, _ rules: SagaRules) throws -> Intent {
        let total = Money(amount: 1999, currency: "GBP")
        let reserved = V1.StockReserved(
            lines: [], total: total, cardToken: "tok_visa", expiresAt: SagaRules.expiresAt)
        let body =
            kind == "charge"
            ? ChargeBody(reserved, order: rules.order).canonicalBytes
            : RefundBody(paymentIntent: "pi", amount: total, order: rules.order).canonicalBytes
        return Intent(
            key: "\(kind):\(rules.order)", kind: kind, subject: rules.order.description,
            cause: try rules.envelope(SagaRules.Sample(name: "", payload: reserved)), request: body,
            deadline: kind == "charge" ? SagaRules.expiresAt : nil, recordedAt: SagaRules.now)
    }
}

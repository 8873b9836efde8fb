import Contracts
import Delivery
import GRDB

@testable import OrderService

/// What Order decides, over every standing.
enum SagaOrderTables {
    static func make() throws -> (states: [String], tables: [DecisionTable]) {
        let rules = try SagaRules(OrderService.card()) { order, db in
            guard let stored = try OrderStore.order(order, db) else { return "order_none" }
            return "order_\(stored.status)" + (stored.reason.map { "_\($0)" } ?? "")
        }
        let states = try rules.states()
        let standing = DecisionTable.Input(name: "standing", values: states.map(\.name))
        func facts(_ name: String) -> [SagaRules.Sample] { states.first { $0.name == name }?.facts ?? [] }

        let consumed = try rules.consumed()
        let decides = try DecisionTable(
            "order_decides", "What Order says when it hears an event.",
            [.init(name: "event", values: consumed.map(\.name)), standing], outputs: ["said"]
        ) { input in
            try rules.trial { db in
                try rules.apply(facts(input[1]), db)
                return [try SagaRules.names { try rules.hear(consumed.first { $0.name == input[0] }!, db) }.said]
            }
        }
        let own = try rules.own()
        let applies = DecisionTable(
            "order_applies", "What an event of its own makes of an order.",
            [.init(name: "fact", values: own.map(\.name)), standing], outputs: ["standing"]
        ) { input in
            let fact = own.first { $0.name == input[0] }!
            return [
                (try? rules.trial { db in
                    try rules.apply(facts(input[1]) + [fact], db)
                    return try rules.stateName(db)
                }) ?? "broken"
            ]
        }
        let cancellation = try DecisionTable(
            "order_takes_cancellation", "What Order says when the customer asks for cancellation.",
            [standing, .condition("asked")], outputs: ["said"]
        ) { input in
            try rules.trial { db in
                try rules.apply(facts(input[0]), db)
                let asked = own.first { $0.payload is V1.OrderCancellationRequested }!
                // Of an order that is not there nothing can be on record.
                if input[1] == "1", input[0] != "order_none" { try rules.apply([asked], db) }
                return [
                    try SagaRules.names {
                        try Cancellation().decide(CancellationRequest(rules.order), at: SagaRules.now, in: db).outgoing
                    }.said
                ]
            }
        }
        return (states.map(\.name), [decides, applies, cancellation])
    }
}

import Contracts
import Delivery
import GRDB

@testable import InventoryService

/// What Inventory decides, over every state of a reservation.
enum SagaStockTables {
    static func make() throws -> (states: [String], tables: [DecisionTable]) {
        let rules = try SagaRules(InventoryService.card()) { order, db in
            try InventoryStore.reservation(order, db).map { "stock_\($0.state)" } ?? "stock_none"
        }
        func stock(_ db: Database) throws { try InventoryStore.adjust("P", by: 10, db) }
        let states = try rules.states(before: stock)
        let reservation = DecisionTable.Input(name: "reservation", values: states.map(\.name))
        /// An order's state, with this many pieces left for it; it asks for one.
        func prepare(_ state: String, left: Int64 = 1, _ db: Database) throws {
            try stock(db)
            try rules.apply(states.first { $0.name == state }?.facts ?? [], db)
            try InventoryStore.adjust("P", by: left - (try InventoryStore.available("P", db) ?? 0), db)
        }

        let consumed = try rules.consumed()
        let decides = try DecisionTable(
            "stock_decides",
            "What Inventory says when it hears an event; enough: there are as many pieces as are asked for.",
            [.init(name: "event", values: consumed.map(\.name)), reservation, .condition("enough")], outputs: ["said"]
        ) { input in
            try rules.trial { db in
                try prepare(input[1], left: input[2] == "1" ? 1 : 0, db)
                return [try SagaRules.names { try rules.hear(consumed.first { $0.name == input[0] }!, db) }.said]
            }
        }
        let own = try rules.own()
        let applies = DecisionTable(
            "stock_applies", "What an event of its own makes of a reservation.",
            [.init(name: "fact", values: own.map(\.name)), reservation], outputs: ["reservation"]
        ) { input in
            let fact = own.first { $0.name == input[0] }!
            return [
                (try? rules.trial { db in
                    try prepare(input[1], db)
                    try rules.apply([fact], db)
                    return try rules.stateName(db)
                }) ?? "broken"
            ]
        }
        let given = consumed.filter { $0.payload is V1.OrderCreated }
        let discards = try DecisionTable(
            "stock_discards", "What Inventory says when an operator gives up on an event.",
            [.init(name: "event", values: given.map(\.name)), reservation], outputs: ["said"]
        ) { input in
            try rules.trial { db in
                try prepare(input[1], db)
                return [try SagaRules.names { try rules.discard(given.first { $0.name == input[0] }!, db) }.said]
            }
        }
        return (states.map(\.name), [decides, applies, discards])
    }
}

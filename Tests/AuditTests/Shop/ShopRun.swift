import Contracts
import Foundation
import GRDB

// Running the shop: any order of steps that real processes could take.

extension Shop {
    enum Step {
        case consume(ServiceName, Topic)
        case publish(ServiceName)
        case answer(Int)
        case settle(Int)
    }

    /// Steps that can be taken now.
    func steps(without stopped: Set<ServiceName> = []) throws -> [Step] {
        var steps: [Step] = []
        for service in ServiceName.allCases where !stopped.contains(service) {
            for topic in Self.topics(of: service) where try next(service, topic) != nil {
                steps.append(.consume(service, topic))
            }
            let waits = try databases[service]?.read { db in
                try Bool.fetchOne(db, sql: "SELECT EXISTS (SELECT 1 FROM outbox)")
            }
            if waits == true { steps.append(.publish(service)) }
        }
        for (index, call) in books.calls.enumerated() where !stopped.contains(call.service) {
            if call.service == .notification, call.stage == .recorded, isDelivering { continue }
            steps.append(call.stage == .recorded ? .answer(index) : .settle(index))
        }
        return steps
    }

    func take(_ step: Step) throws {
        switch step {
        case .consume(let service, let topic): try consume(service, topic: topic)
        case .publish(let service): try publish(service)
        case .answer(let index): try answer(index)
        case .settle(let index): try settle(index)
        }
    }

    /// Runs until nothing is left to do.
    func settleAll(without stopped: Set<ServiceName> = []) throws {
        while let step = try steps(without: stopped).randomElement(using: &random) { try take(step) }
    }

    /// What the tests stand on: an order of each fate, all settled.
    struct Story {
        var confirmed: OrderID
        var multiLine: OrderID
        var soldOut: OrderID
        var declined: OrderID
        var cancelledBeforeCharge: OrderID
        var refunded: OrderID
    }

    func tellStory() throws -> Story {
        try stock("P-0001", 10)
        try stock("P-0002", 5)
        try settleAll()
        let confirmed = try place([("P-0001", 1)])
        let multiLine = try place([("P-0001", 2), ("P-0002", 3)], currency: "EUR")
        let soldOut = try place([("P-0002", 80_995)])
        let declined = try place([("P-0001", 1)], card: "tok_chargeDeclined")
        let cancelled = try place([("P-0001", 1)])
        // Payment reads the request before the reservation is there.
        try requestCancellation(cancelled)
        try publish(.order)
        while try consume(.payment, topic: .orders) {}
        let refunded = try place([("P-0001", 4)])
        try settleAll()
        try requestCancellation(refunded)
        try settleAll()
        return Story(
            confirmed: confirmed, multiLine: multiLine, soldOut: soldOut, declined: declined,
            cancelledBeforeCharge: cancelled,
            refunded: refunded)
    }

    /// The last event of a type about an order.
    func event(_ type: String, of order: OrderID) throws -> (event: Envelope, offset: UInt64) {
        for events in log.values {
            if let index = events.lastIndex(where: { $0.type == type && $0.orderID == order }) {
                return (events[index], UInt64(index))
            }
        }
        throw ShopError("the log has no \(type) of \(order)")
    }
}

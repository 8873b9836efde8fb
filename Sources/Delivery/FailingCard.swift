import Contracts
import Foundation
import GRDB

extension ServiceCard {
    /// The same service, failing where the rules say so. A rebuild handles nothing, so it does not fail.
    package func failing(_ faults: TestFaults) -> ServiceCard {
        var card = self
        card.subscriptions = subscriptions.map { $0.failing(faults) }
        card.testFaults = faults
        return card
    }
}

extension Subscription {
    fileprivate func failing(_ faults: TestFaults) -> Subscription {
        var subscription = self
        subscription.handle = { [handle] envelope, moment, db in
            switch faults.effect(on: envelope) {
            case .throws: throw TestFault()
            case .transient(let times):
                if try Self.failures(of: envelope.id, db) < times { throw TestFault() }
            // Right here alone: the rule was written to see the process die of this event.
            case .traps: fatalError("a test fault: a rule of --test-faults traps on \(envelope.type) \(envelope.id)")
            case .unavailable: throw TestOutage()
            case nil: break
            }
            return try handle(envelope, moment, db)
        }
        return subscription
    }

    /// Attempts on record. Why not calls counted here: a batch that is run again one by one makes two calls of one attempt.
    private static func failures(of id: EventID, _ db: Database) throws -> Int {
        try Int.fetchOne(
            try db.cachedStatement(
                sql: """
                    SELECT max(attempts) FROM (
                        SELECT attempts FROM parked WHERE event_id = ?1
                        UNION ALL SELECT attempts FROM dead_letters WHERE event_id = ?1)
                    """),
            arguments: [Data(id.bytes)]) ?? 0
    }
}

/// The event's own fault, made up by a rule. One text for all events, so that they make one group at the desk.
package struct TestFault: Error, CustomStringConvertible {
    package let description = "a test fault: a rule of --test-faults makes the handler throw"
}

/// An environment that is gone by rule: until a process starts without the rule.
package struct TestOutage: EnvironmentFault {
    package let isFinal = false
    package let description = "a test fault: a rule of --test-faults takes the handler's environment away"
}

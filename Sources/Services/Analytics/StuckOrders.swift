import Contracts
package import Delivery
package import EventLog
import GRDB

/// Reports orders that should have an outcome by now: a timer's command, not an event's.
///
/// *Guarantee*: an order is called stuck only if every topic had been read to its end, and each report is made once
/// (`stuck:{order}:{n}`). *If broken*: a service that reads slowly raises the alarm over orders that are long settled.
///
/// Not shared between tasks; its calls block.
package final class StuckOrders {
    package struct Limits: Sendable {
        /// Between two looks.
        package var period = Duration.seconds(5)
        /// The age at which an order without outcome is reported; again at twice that age, at four times, …
        package var age = Duration.seconds(60)
        /// Reports a transaction.
        package var reportsPerTurn = 256

        package init() {}
    }

    private let node: ServiceNode
    private let limits: Limits
    private let log: any EventLog
    private var nextLook: MonotonicTime

    package init(node: ServiceNode, log: any EventLog, limits: Limits = Limits()) {
        self.node = node
        self.log = log
        self.limits = limits
        nextLook = node.clock.monotonic()
    }

    /// Runs until cancelled or a fatal fault.
    package func run(_ loops: ServiceLoops) async throws {
        // Nobody rings: the time alone wakes it.
        try await loops.run("stuck orders", bell: Doorbell()) { try turn() }
    }

    package func turn() throws -> Consumer.Turn {
        let now = node.clock.monotonic()
        guard now >= nextLook else { return .idle(until: nextLook) }
        let found = try node.database.read { try stuck($0) }
        // The ends first, the positions after: what is there now has been read when the report is made.
        if !found.isEmpty, try report(whereRead: try ends()) == limits.reportsPerTurn { return .worked }
        nextLook = now + limits.period
        return .idle(until: nextLook)
    }

    private func stuck(_ db: Database) throws -> [OrderFactStore.Pending] {
        let now = node.clockHistory.read()
        let latest = node.clockHistory.latest(withAge: limits.age, at: now)
        return try OrderFactStore.stuck(
            createdBy: latest, limit: limits.age, count: limits.reportsPerTurn,
            age: { node.clockHistory.age(of: $0, at: now) }, db)
    }

    /// How many orders were reported: none where a topic has not been read to `ends`.
    private func report(whereRead ends: [Topic: UInt64]) throws -> Int {
        try node.executeAll { db, now -> [CommandDecision<Void>] in
            let isCaughtUp = try ends.allSatisfy { topic, end in
                try ConsumerPositions.load(topic, db)?.nextOffset ?? 0 >= end
            }
            guard isCaughtUp else { return [] }
            return try stuck(db).map { pending in
                let number = pending.reports + 1
                let report = V1.OrderStuck(waitsFor: pending.progress.waitsFor, since: pending.movedAt, count: number)
                return CommandDecision(
                    reply: (),
                    // It follows from the order's last move, whose service may have had a clock that was ahead.
                    command: Command(
                        key: "stuck:\(pending.order):\(number)", correlationID: pending.order.rebound(),
                        at: max(now, pending.movedAt)),
                    outgoing: [.event(report, order: pending.order)])
            }
        }.count
    }

    private func ends() throws -> [Topic: UInt64] {
        #if MUTANTS
            if Mutant.stuckBeforeCaughtUp.isOn { return [:] }
        #endif
        var ends: [Topic: UInt64] = [:]
        for topic in node.card.topics {
            let position = try node.database.read { try ConsumerPositions.load(topic, $0) }
            let reader = try log.openReader(of: topic, from: position)
            defer { reader.close() }
            ends[topic] = try reader.end()
        }
        return ends
    }
}

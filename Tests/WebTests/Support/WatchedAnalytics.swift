import AnalyticsService
import Contracts
import Delivery
import EventLog
import Foundation
import Logging
import ServiceRuntime
import TestSupport

@testable import Web

/// Analytics with its dashboard, on a log in memory into which a test says what the other services would.
final class WatchedAnalytics: Sendable {
    let node: ServiceNode
    let log = InMemoryEventLog()
    let sources: DashboardSources
    let dashboard: Dashboard
    private let directory: TemporaryDirectory
    private let thread = ThreadExecutor(name: "dashboard")

    /// - Parameter ports: admin ports of other services.
    init(ports: [ServiceName: Int] = [:]) throws {
        directory = try TemporaryDirectory()
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        node = try ServiceNode(
            card: AnalyticsService.card(), database: ServiceDatabase(path: directory.path + "/analytics.db"),
            clock: SystemClock(), logger: logger)
        sources = DashboardSources(
            card: node.card, reader: try DatabaseReader(path: node.database.path), log: log, clock: SystemClock(),
            ports: ports, logger: logger)
        dashboard = Dashboard(sources)
    }

    // MARK: - Events

    func say(_ payload: some EventPayload, of order: OrderID, on topic: Topic, at time: Timestamp? = nil) throws {
        try say(payload, subject: order.description, correlation: order.rebound(), on: topic, at: time)
    }

    func say(
        _ payload: some EventPayload, subject: String, correlation: CorrelationID = CorrelationID(high: 0, low: 0),
        on topic: Topic, at time: Timestamp? = nil
    ) throws {
        let at = time ?? SystemClock().now()
        let id: EventID = .version7(
            at: at, randomBits: (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)))
        try append(
            try EventCoding.encode(
                Envelope(
                    id: id, source: "/test", type: Swift.type(of: payload).type, subject: subject, time: at,
                    correlationID: correlation, data: try payload.encoded())), to: topic)
    }

    func append(_ bytes: [UInt8], to topic: Topic) throws {
        let writer = try log.openWriter(of: topic)
        defer { writer.close() }
        try writer.append([bytes], firstSequence: writer.lastSequence + 1)
    }

    static func newOrder() -> OrderID {
        .version7(
            at: SystemClock().now(),
            randomBits: (UInt64.random(in: .min ... .max), UInt64.random(in: .min ... .max)))
    }

    /// Analytics reads what there is.
    func consume() throws {
        let consumer = try Consumer(node: node, log: log, randomness: SystemRandomness())
        while try consumer.turn() == .worked {}
    }

    func shown() async throws -> DashboardFigures {
        try await sources.reader.read { [card = node.card] db in try DashboardFigures(card, db) }
    }

    // MARK: - Serving

    /// Serves while the body runs; snapshots are made where `ticks` says so.
    func serving<Value: Sendable>(
        ticks: Bool = true, _ body: @escaping @Sendable (_ port: Int) async throws -> Value
    ) async throws -> Value {
        let part = dashboard.part
        let loop = ticks ? Task(executorPreference: thread) { try await part.run() } : nil
        defer { loop?.cancel() }
        return try await withServer(
            { [dashboard] port, logger in
                dashboard.ending(with: AdminServer.make(port: port, logger: logger, surfaces: [dashboard]))
            }, body)
    }
}

/// What the services say of an order.
enum Said {
    static let lines = [OrderLine(productID: "P-1", quantity: 2, unitPrice: 1250)]
    static let pieces = [StockLine(productID: "P-1", quantity: 2)]
    static let total = Money(amount: 2500, currency: "GBP")
    static let email = "ann.secret@example.test"
    static let cardToken = "tok_secret"

    static let created = V1.OrderCreated(
        customerID: "c-1", email: email, lines: lines, total: total, cardToken: cardToken, idempotencyKey: "k",
        bodyHash: "h")
    static let reserved = V1.StockReserved(
        lines: pieces, total: total, cardToken: cardToken, expiresAt: Timestamp(microseconds: 4_000_000_000_000_000))
    static let paid = V1.PaymentSucceeded(amount: total, paymentIntent: "pi_1")
    static let confirmed = V1.OrderConfirmed(customerID: "c-1", email: email, lines: lines, total: total)
    static let told = V1.NotificationSent(kind: .confirmation, channel: "mbox", messageID: "m")
    static let rejected = V1.StockRejected(shortages: [Shortage(productID: "P-1", requested: 2, available: 0)])

    static func cancelled(_ reason: CancellationReason) -> V1.OrderCancelled {
        V1.OrderCancelled(reason: reason, customerID: "c-1", email: email, lines: lines, total: total)
    }

    static func stock(_ pieces: Int64) -> V1.StockAdjusted {
        V1.StockAdjusted(delta: pieces, reason: .initial, adjustmentKey: "k")
    }
}

extension WatchedAnalytics {
    /// A whole order, told on all topics.
    func settle(_ order: OrderID) throws {
        try say(Said.created, of: order, on: .orders)
        try say(Said.reserved, of: order, on: .inventory)
        try say(Said.paid, of: order, on: .payments)
        try say(Said.confirmed, of: order, on: .orders)
        try say(Said.told, of: order, on: .notifications)
    }
}

import AnalyticsService
import Contracts
import Delivery
import EventLog
import FileEventLog
import InventoryService
import Logging
import NotificationService
import OrderService
import PaymentService

/// A service as its program opens it, on evidence at rest.
struct Owner {
    let service: ServiceName
    let directory: String

    /// Why the service does not start, or ends at once; nil where it goes on.
    func refusal() -> String? {
        do {
            try start()
            return nil
        } catch {
            return "\(error)"
        }
    }

    /// Opens database and log, and does what there is to do.
    private func start() throws {
        let database = try ServiceDatabase(path: "\(directory)/db/\(service.rawValue)/\(service.rawValue).db")
        defer { try? database.close() }  // the test takes everything back
        let node = try ServiceNode(
            card: card, database: database, clock: StillClock(),
            logger: Logger(label: "owner") { _ in SwiftLogNoOpLogHandler() })
        let log = FileEventLog(
            directory: directory + "/log", now: { Timestamp(microseconds: 0) },
            randomBytes: { [UInt8](repeating: 7, count: $0) })
        let relays = try [service.topic, service.deadLetterTopic].map {
            try OutboxRelay(topic: $0, node: node, log: log)
        }
        defer { for relay in relays { relay.close() } }
        let consumer = try Consumer(node: node, log: log, randomness: NoRandomness())
        defer { consumer.close() }
        for _ in 0..<Self.turns {
            var worked = try consumer.turn() == .worked
            for relay in relays where try relay.turn() { worked = true }
            if !worked { break }
        }
        _ = try database.read { try Intent.open(after: "", limit: 1024, $0) }
    }

    /// More than a run of a few orders takes.
    private static let turns = 100

    private var card: ServiceCard {
        switch service {
        case .order: OrderService.card()
        case .inventory: InventoryService.card()
        case .payment: PaymentService.card()
        case .notification: NotificationService.card()
        case .analytics: AnalyticsService.card()
        }
    }
}

private struct StillClock: ServiceClock {
    let boot = "still"
    func now() -> Timestamp { Timestamp(microseconds: 1_800_000_000_000_000) }
    func monotonic() -> MonotonicTime { MonotonicTime(microseconds: 1_000_000) }
    func sleep(for _: Duration) async throws {}
}

private struct NoRandomness: Randomness {
    func next() -> UInt64 { 0 }
}

import Contracts
import Delivery
import EventLog
import Foundation
import GRDB
import ProcessSettings
import Synchronization

/// What a service looks up at a scrape: how far its consumer is behind, what waits where, space and process.
final class ServiceMeasures: MetricSource {
    private let process: ServiceProcess
    /// Opened at the first scrape: a connection of its own, which waits for no commit.
    private let reader = Mutex<DatabaseReader?>(nil)

    init(process: ServiceProcess) {
        self.process = process
    }

    private var service: String { process.node.card.name.rawValue }

    /// A database that is locked, or a log that cannot be read, leaves out its own part alone.
    func measure() async -> [MetricSample] {
        let processMeasures = ProcessMeasures(service: service, dataDirectory: process.settings.dataDirectory)
        return processMeasures.samples + ((try? await desk()) ?? []) + ((try? await lag()) ?? [])
    }

    private func read<Value: Sendable>(_ body: @escaping @Sendable (Database) throws -> Value) async throws -> Value {
        let path = process.node.database.path
        let reader = try self.reader.withLock { reader in
            let opened = try reader ?? DatabaseReader(path: path)
            reader = opened
            return opened
        }
        return try await reader.read(body)
    }

    // MARK: - Database

    private func desk() async throws -> [MetricSample] {
        let service = service
        let walBytes = ProcessMeasures.size(ServiceDatabase.writeAheadLog(of: process.node.database.path))
        return try await read { db in
            let parked = try Int.fetchOne(db, sql: "SELECT count(*) FROM parked") ?? 0
            let open = try Int.fetchOne(db, sql: "SELECT count(*) FROM dead_letters WHERE state = 'open'") ?? 0
            let outboxes = try Row.fetchAll(
                db, sql: "SELECT topic, next_sequence - 1 - published_sequence FROM outbox_topics")
            return [
                MetricSample(RuntimeMetrics.parkedEvents, service, value: Double(parked)),
                MetricSample(RuntimeMetrics.openLetters, service, value: Double(open)),
                MetricSample(RuntimeMetrics.walBytes, service, value: Double(walBytes)),
            ]
                + (try outboxes.map { row in
                    let cell = Cells(row, of: "outbox_topics")
                    return MetricSample(
                        RuntimeMetrics.outboxEvents, service, try cell(0, as: String.self),
                        value: Double(try cell(1, as: Int64.self)))
                })
        }
    }

    // MARK: - Lag

    /// Positions first, ends after: nothing is handled that is not in the log, so no lag is negative.
    private func lag() async throws -> [MetricSample] {
        let topics = process.node.card.topics
        let positions = try await read { db in try topics.map { try ConsumerPositions.load($0, db) } }
        let log = process.log
        let history = process.node.clockHistory
        let now = history.read()
        return try zip(topics, positions).flatMap { topic, position -> [MetricSample] in
            let reader = try log.openReader(of: topic, from: position)
            defer { reader.close() }
            let end = try reader.end()
            let behind = end - min(end, position?.nextOffset ?? 0)
            var age = 0.0
            if behind > 0, let oldest = try reader.read(maximumEvents: 1, maximumBytes: 1).first,
                let time = try? EventCoding.decode(oldest.bytes).time  // bytes that are no event have no age
            {
                age = history.age(of: time, at: now) / .seconds(1)
            }
            return [
                MetricSample(RuntimeMetrics.lagEvents, service, topic.name, value: Double(behind)),
                MetricSample(RuntimeMetrics.lagSeconds, service, topic.name, value: age),
            ]
        }
    }
}

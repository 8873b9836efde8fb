import Contracts
import EventLog
import FileEventLog
import Foundation
import ProcessIO
import Synchronization

/// Follows the topic `orders` from the run's start and keeps the outcomes, on a thread of its own.
///
/// Reads only what is on disk, so an outcome seen here survives any crash.
final class LogFollower: Sendable {
    static let turn = Duration.milliseconds(100)
    static let eventsAtATime = 4096
    static let bytesAtATime = 4 << 20

    private struct State {
        var settlement = Settlement()
        var isStopped = false
        var failure: (any Error)?
    }

    private let state = Mutex(State())

    /// - Parameters:
    ///   - logDirectory: `DATA/log`.
    ///   - wantsTotals: whether to decode each order's total, which costs some 10 µs an order.
    /// - Throws: `LogError` where the topic cannot be read up to its present end.
    init(logDirectory: String, wantsTotals: Bool) throws {
        let log = FileEventLog(
            directory: logDirectory, now: { Timestamp(microseconds: 0) },
            randomBytes: { Array(repeating: 0, count: $0) })
        // A topic that was made anew would never grow for this reader.
        var first = FileWatch(required: [], optional: [logDirectory, "\(logDirectory)/\(Topic.orders)/commit"])
        try first.look()
        // What was there before is other runs' business. A reader cannot jump to an end that it has not checked.
        let old = try log.openReader(of: .orders, from: nil)
        let end = try old.end()
        while old.position.nextOffset < end,
            !(try old.read(maximumEvents: Self.eventsAtATime, maximumBytes: Self.bytesAtATime)).isEmpty
        {}
        let position = end == 0 ? nil : old.position
        old.close()
        let thread = Thread { [self, first] in
            do {
                let reader = try log.openReader(of: .orders, from: position)
                defer { reader.close() }
                var watch = first
                while !state.withLock({ $0.isStopped }) {
                    guard try !follow(reader, wantsTotals: wantsTotals) else { continue }
                    try watch.look()
                    Thread.sleep(forTimeInterval: Self.turn / .seconds(1))
                }
            } catch {
                state.withLock { $0.failure = error }
            }
        }
        thread.name = "log-follower"
        thread.start()
    }

    /// What is known so far.
    /// - Throws: whatever ended the reading.
    func settlement() throws -> Settlement {
        try state.withLock {
            if let failure = $0.failure { throw failure }
            return $0.settlement
        }
    }

    /// Orders made since the start that are settled so far, and when the first was; an order's id tells when it was made.
    func progress(since start: Timestamp) -> (settled: Int, first: Timestamp?) {
        let entries = state.withLock { $0.settlement.entries }
        let earliest = UInt64(max(0, start.microseconds / 1000))
        return entries.reduce(into: (0, nil)) { progress, entry in
            guard entry.key.milliseconds >= earliest else { return }
            progress.0 += 1
            progress.1 = min(progress.1 ?? entry.value.settledAt, entry.value.settledAt)
        }
    }

    func stop() {
        state.withLock { $0.isStopped = true }
    }

    /// - Returns: whether there was anything to read.
    private func follow(_ reader: any TopicReader, wantsTotals: Bool) throws -> Bool {
        let events = try reader.read(maximumEvents: Self.eventsAtATime, maximumBytes: Self.bytesAtATime)
        guard !events.isEmpty else { return false }
        var outcomes: [OrderOutcome] = []
        for event in events {
            if let outcome = try Self.outcome(event.bytes, wantsTotals: wantsTotals) { outcomes.append(outcome) }
        }
        state.withLock { state in
            for outcome in outcomes { state.settlement.add(outcome) }
        }
        return true
    }

    /// The outcome that an event of the topic `orders` states; nil for one that states none.
    static func outcome(_ bytes: ArraySlice<UInt8>, wantsTotals: Bool) throws -> OrderOutcome? {
        // Half of the topic states none: not worth reading whole.
        let type = try EventCoding.type(of: bytes)
        guard type == V1.OrderConfirmed.type || type == V1.OrderCancelled.type else { return nil }
        let event = try EventCoding.decode(bytes)
        guard let order = event.orderID else { return nil }
        switch event.type {
        case V1.OrderConfirmed.type:
            let total = wantsTotals ? try V1.OrderConfirmed.decoded(from: event.data).total.amount : nil
            return OrderOutcome(order: order, kind: OrderOutcome.confirmed, time: event.time, total: total)
        case V1.OrderCancelled.type:
            let reason = try reason(in: event.data) ?? V1.OrderCancelled.decoded(from: event.data).reason
            return OrderOutcome(order: order, kind: reason.rawValue, time: event.time, total: nil)
        default:
            return nil
        }
    }

    /// The reason, found by its name: inside a JSON string the quotes of this text would be escaped.
    private static func reason(in data: [UInt8]) -> CancellationReason? {
        guard let range = data.firstRange(of: Array("\"reason\":\"".utf8)) else { return nil }
        return CancellationReason(
            rawValue: String(decoding: data[range.upperBound...].prefix { $0 != UInt8(ascii: "\"") }, as: UTF8.self))
    }
}

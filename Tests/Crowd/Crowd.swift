import Contracts
import Delivery
import EventLog
import FileEventLog
import Foundation
import GRDB

/// A run with many orders, all confirmed and told, as the programs would leave it: the databases are the programs' own,
/// the events have the ids and the places that they would have.
///
/// *Why made and not sold*: a sale of a million orders takes a quarter of an hour, this some minutes.
struct Crowd {
    let data: String
    let orders: Int
    private let log: FileEventLog

    /// When the first order was placed; a millisecond later comes the next.
    static let start = Timestamp("2026-03-01T12:00:00Z")!  // a constant of the right form
    /// Orders that a service works on at a time. Within a batch a topic's times fall once: Order says what came of the
    /// orders after it has placed all of them.
    private static let batch = 500

    /// - Parameter data: of a run whose programs made their databases and were stopped.
    init(_ data: String, orders: Int, segmentBytes: UInt64) {
        self.data = data
        self.orders = orders
        log = FileEventLog(
            directory: data + "/log", options: .init(segmentBytes: segmentBytes), now: { Self.start },
            randomBytes: { Array(repeating: 7, count: $0) })
    }

    static func order(_ number: Int) -> OrderID {
        .version7(at: start + .milliseconds(number), randomBits: (0, UInt64(number)))
    }

    static func created(_ order: OrderID) -> EventID {
        let at = Timestamp(microseconds: Int64(order.milliseconds) * 1000)
        return DerivedID.event(
            command: Command(key: "create:\(order)", correlationID: order.rebound(), at: at), service: .order,
            type: V1.OrderCreated.type, ordinal: 0)
    }

    // MARK: - Filling

    func fill() throws {
        let topics: [Topic] = [.orders, .inventory, .payments, .notifications]
        let writers = try topics.map { try log.openWriter(of: $0) }
        defer { for writer in writers { writer.close() } }
        let books = try ServiceName.allCases.map { try CrowdBook($0, data) }
        let way = try CrowdWay()
        for first in stride(from: 0, to: orders, by: Self.batch) {
            let numbers = first..<min(first + Self.batch, orders)
            var logged: [CrowdWay.Order] = []
            var events: [Topic: [[UInt8]]] = [:]
            let ends = Dictionary(uniqueKeysWithValues: zip(topics, writers.map { $0.lastSequence }))
            for number in numbers {
                logged.append(way.order(Self.order(number), at: Self.start + .milliseconds(number)))
            }
            for step in CrowdWay.Step.allCases {
                for index in logged.indices {
                    let topic = step.topic
                    let offset = (ends[topic] ?? 0) + UInt64(events[topic]?.count ?? 0)
                    events[topic, default: []].append(logged[index].bytes(of: step))
                    logged[index].offsets[step] = offset
                }
            }
            for (topic, writer) in zip(topics, writers) {
                for part in (events[topic] ?? []).chunks(of: 500) {
                    try writer.append(part, firstSequence: writer.lastSequence + 1)
                }
            }
            for book in books { try book.note(logged) }
        }
        let ends = Dictionary(uniqueKeysWithValues: zip(topics, writers.map { $0.lastSequence }))
        for book in books { try book.finish(ends) { try token(of: $0, at: $1) } }
    }

    /// What a consumer keeps that has read up to there.
    private func token(of topic: Topic, at end: UInt64) throws -> [UInt8] {
        let reader = try log.openReader(of: topic, from: Position(nextOffset: end - 1, token: []))
        defer { reader.close() }
        _ = try reader.read(maximumEvents: 1, maximumBytes: 0)
        return reader.position.token
    }
}

extension Array {
    fileprivate func chunks(of count: Int) -> [[Element]] {
        stride(from: 0, to: self.count, by: count).map { Array(self[$0..<Swift.min($0 + count, self.count)]) }
    }
}

import Contracts
import EventLog

/// The latest events of the services' topics, as a list on a page: a taste of them where many come at once.
struct RecentEvents {
    struct Line: Encodable, Sendable {
        let topic: String
        let offset: UInt64
        let time: Timestamp
        let type: String
        let subject: String
        /// Whether the subject is an order, of which there is a story.
        let isOrder: Bool
    }

    static let topics = ServiceName.allCases.map(\.topic)
    static let maximumLines = 40
    /// Of each topic, a look.
    private static let perTopic: UInt64 = 12

    /// The latest first.
    private(set) var lines: [Line] = []
    private var seen: [Topic: UInt64] = [:]

    mutating func look(_ window: LogWindow) throws {
        var found: [Line] = []
        for topic in Self.topics {
            let end = try window.end(of: topic)
            let from = max(end > Self.perTopic ? end - Self.perTopic : 0, seen[topic] ?? 0)
            guard from < end else { continue }
            for event in try window.events(of: topic, from: from, count: Int(end - from)) {
                found.append(Self.line(event))
            }
            seen[topic] = end
        }
        guard !found.isEmpty else { return }
        lines = Array((lines + found).sorted { ($1.time, $1.offset) < ($0.time, $0.offset) }.prefix(Self.maximumLines))
    }

    private static func line(_ event: LoggedEvent) -> Line {
        let envelope = try? EventCoding.decode(event.bytes)  // what is no event is shown as that
        return Line(
            topic: event.topic.name, offset: event.offset, time: envelope?.time ?? Timestamp(microseconds: 0),
            type: envelope?.type ?? "no event", subject: envelope?.subject ?? "", isOrder: envelope?.orderID != nil)
    }
}

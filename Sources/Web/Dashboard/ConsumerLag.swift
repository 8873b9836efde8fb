import Contracts
import Delivery
import EventLog

/// How far a consumer is behind on one topic.
struct ConsumerLag: Encodable, Sendable {
    let service: ServiceName
    let topic: String
    /// Events; nil where the service never answered.
    let behind: UInt64?
    /// Age of the first event not yet read; nil where it cannot be told.
    let seconds: Double?
    /// Since the consumer said where it stands.
    let ageSeconds: Double
    /// Whether it still answers.
    let answers: Bool

    /// What one service said, against the ends of the topics.
    ///
    /// *Guarantee*: never negative: the ends are read after the positions were said. *If broken*: under load the lag swings
    /// below zero, and nobody believes it when it is true.
    static func rows(
        _ answer: DeliverySurvey.Answer, at now: Timestamp, _ window: LogWindow
    ) throws -> [ConsumerLag] {
        try answer.summary.positions.compactMap { position in
            let topic = Topic(position.topic)
            let read = UInt64(max(0, position.nextOffset))
            let end = try window.end(of: topic)
            // Dead-letter topics are many and mostly still: shown where something waits.
            if end <= read, topic.name.hasSuffix(".dlq") { return nil }
            return ConsumerLag(
                service: answer.summary.service, topic: topic.name, behind: end > read ? end - read : 0,
                seconds: end > read ? try age(of: topic, read, at: now, window) : 0,
                ageSeconds: seconds(from: answer.at, to: now), answers: answer.isLatest)
        }
    }

    /// Of a service that was never heard of.
    static func unknown(_ service: ServiceName) -> ConsumerLag {
        ConsumerLag(service: service, topic: "", behind: nil, seconds: nil, ageSeconds: 0, answers: false)
    }

    private static func age(
        of topic: Topic, _ offset: UInt64, at now: Timestamp, _ window: LogWindow
    ) throws -> Double? {
        let first = try window.events(of: topic, from: offset, count: 1).first
        // Bytes that are no event have no time.
        return first.flatMap { try? EventCoding.time(of: $0.bytes) }.map { seconds(from: $0, to: now) }
    }

    /// Never negative: clocks are set back.
    private static func seconds(from start: Timestamp, to end: Timestamp) -> Double {
        Double(max(0, (end - start).microseconds)) / 1e6
    }
}

import Contracts
import EventLog

/// Short looks at the log: where topics end, and a few events at a place. Not shared between tasks; its calls block.
final class LogWindow {
    private let log: any EventLog
    private var ends: [Topic: any TopicReader] = [:]
    /// Events a read, in bytes at most.
    private static let batchBytes = 1 << 20

    init(_ log: any EventLog) {
        self.log = log
    }

    deinit {
        for reader in ends.values { reader.close() }
    }

    func end(of topic: Topic) throws -> UInt64 {
        if let reader = ends[topic] { return try reader.end() }
        let reader = try log.openReader(of: topic, from: nil)
        ends[topic] = reader
        return try reader.end()
    }

    /// The first event that the log still keeps.
    func start(of topic: Topic) throws -> UInt64 {
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        return reader.position.nextOffset
    }

    /// At most so many events from a place on; none where the place was archived meanwhile.
    func events(of topic: Topic, from offset: UInt64, count: Int) throws -> [LoggedEvent] {
        let reader = try reader(of: topic, from: offset)
        defer { reader.close() }
        do {
            return try reader.read(maximumEvents: count, maximumBytes: Self.batchBytes)
        } catch LogError.archived {
            return []
        }
    }

    func reader(of topic: Topic, from offset: UInt64) throws -> any TopicReader {
        try log.openReader(of: topic, from: offset == 0 ? nil : Position(nextOffset: offset, token: []))
    }
}

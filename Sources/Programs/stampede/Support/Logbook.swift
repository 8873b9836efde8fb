import Contracts
import EventLog
import FileEventLog
import Foundation
import LogFormat

/// The event log, for reading.
struct Logbook: Sendable {
    let directory: String
    private let log: FileEventLog

    /// Events and bytes taken from the log at a time.
    static let batchEvents = 4096
    static let batchBytes = 4 << 20

    init(_ data: DataDirectory) {
        directory = data.log
        log = FileEventLog(
            directory: data.log, archive: data.archive, now: { Timestamp(microseconds: 0) },
            randomBytes: { Array(repeating: 0, count: $0) })
    }

    // MARK: - Topics

    /// The order in which topics are shown.
    static let knownTopics = ServiceName.allCases.map(\.topic) + ServiceName.allCases.map(\.deadLetterTopic)

    /// The topics there are, those of the design first.
    ///
    /// - Throws: `Failure.noLog`.
    func topics() throws -> [Topic] {
        guard DataDirectory.isDirectory(directory) else { throw Failure.noLog(directory) }
        let names: [String]
        do {
            names = try FileManager.default.contentsOfDirectory(atPath: directory)
        } catch {
            throw Failure.unreadable(file: directory, reason: "\(error)")
        }
        let found = Set(names.filter { isTopic($0) }.map(Topic.init))
        return Self.knownTopics.filter(found.contains)
            + found.subtracting(Self.knownTopics).sorted { $0.name < $1.name }
    }

    private func isTopic(_ name: String) -> Bool {
        !name.hasPrefix(".")
            && (FileManager.default.fileExists(atPath: "\(directory)/\(name)/commit") || !segments(Topic(name)).isEmpty)
    }

    private func segments(_ topic: Topic) -> [FileEventLog.SegmentPlace] {
        (try? log.segments(of: topic)) ?? []  // a topic that cannot be listed says why when it is read
    }

    /// Offset of the first event at hand: above 0 where history was archived and the archive is elsewhere.
    func firstOffset(of topic: Topic) -> UInt64 { segments(topic).first?.baseOffset ?? 0 }

    /// Those wanted by name, or all.
    ///
    /// - Parameter mayBeNew: accepts a topic of the design that nobody wrote yet.
    /// - Throws: `Failure.noTopic`.
    func topics(named names: [String], mayBeNew: Bool = false) throws -> [Topic] {
        let all = try topics()
        if names.isEmpty { return mayBeNew ? Self.knownTopics + all.filter { !Self.knownTopics.contains($0) } : all }
        var wanted: [Topic] = []
        for name in names {
            guard let topic = (all + (mayBeNew ? Self.knownTopics : [])).first(where: { $0.name == name }) else {
                throw Failure.noTopic(name, known: all.map(\.name))
            }
            if !wanted.contains(topic) { wanted.append(topic) }
        }
        return wanted
    }

    /// First offsets of the segments that can be read, in order.
    func segmentStarts(of topic: Topic) -> [UInt64] { segments(topic).map(\.baseOffset) }

    // MARK: - Events

    func end(of topic: Topic) throws -> UInt64 {
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        return try reader.end()
    }

    /// - Parameter offset: nil for the first event kept; must not be beyond the end.
    func reader(of topic: Topic, from offset: UInt64?) throws -> any TopicReader {
        let first = max(offset ?? 0, firstOffset(of: topic))
        return try log.openReader(of: topic, from: first == 0 ? nil : Position(nextOffset: first, token: []))
    }

    func reader(of topic: Topic, at position: Position) throws -> any TopicReader {
        try log.openReader(of: topic, from: position)
    }

    /// Hands out what lies between two offsets, in order.
    func read(_ topic: Topic, from start: UInt64, to end: UInt64, _ body: (LoggedEvent) throws -> Void) throws {
        guard start < end else { return }
        let reader = try reader(of: topic, from: start)
        defer { reader.close() }
        while reader.position.nextOffset < end {
            let batch = try reader.read(maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes)
            if batch.isEmpty { return }
            for event in batch where event.offset < end { try body(event) }
        }
    }

    func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        try log.watch(topics, ring: bell)
    }

    func statistics(of topic: Topic) throws -> LogStatistics {
        try log.statistics(of: topic)
    }

    /// - Parameter head: noted earlier: the chain must still lead through it.
    func verify(
        _ topic: Topic, head: ChainHead? = nil, afterSegment: @escaping () -> Void = {}
    ) throws -> LogVerifier.Finding {
        try log.verify(topic, head: head, afterSegment: afterSegment)
    }
}

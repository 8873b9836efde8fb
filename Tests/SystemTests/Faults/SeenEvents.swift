import Contracts
import EventLog
import FileEventLog
import Foundation

/// What a reader outside has seen of a run's log, so that it can say what is gone.
struct SeenEvents {
    private var topics: [Topic: [[UInt8]]] = [:]

    var count: Int { topics.values.reduce(0) { $0 + $1.count } }

    /// Reads every topic to the end that readers may see now.
    mutating func read(_ data: String) throws {
        let log = Self.log(data)
        for topic in try log.topics() { topics[topic] = try Self.events(of: topic, in: log) }
    }

    /// Events that were seen and are not there any more, or not the same; what makes the log unreadable.
    func objections(_ data: String) -> [String] {
        let log = Self.log(data)
        return topics.sorted { $0.key.name < $1.key.name }.compactMap { topic, seen in
            do {
                let now = try Self.events(of: topic, in: log)
                guard let gone = seen.indices.first(where: { $0 >= now.count || now[$0] != seen[$0] }) else {
                    return nil
                }
                return "\(topic)@\(gone) was seen and is gone; \(seen.count) events were seen, \(now.count) are there"
            } catch {
                return "\(topic) cannot be read: \(error)"
            }
        }
    }

    private static func log(_ data: String) -> FileEventLog {
        FileEventLog(
            directory: data + "/log", now: { Timestamp(microseconds: 0) },
            randomBytes: { Array(repeating: 0, count: $0) })
    }

    private static func events(of topic: Topic, in log: FileEventLog) throws -> [[UInt8]] {
        let reader = try log.openReader(of: topic, from: nil)
        defer { reader.close() }
        var events: [[UInt8]] = []
        while true {
            let more = try reader.read(maximumEvents: 1000, maximumBytes: 1 << 20)
            if more.isEmpty { return events }
            events += more.map { Array($0.bytes) }
        }
    }
}

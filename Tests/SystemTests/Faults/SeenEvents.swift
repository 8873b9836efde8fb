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
        let log = FileEventLog(ofRun: data)
        for topic in try log.topics() { topics[topic] = try log.events(of: topic) }
    }

    /// Events that were seen and are not there any more, or not the same; what makes the log unreadable.
    func objections(_ data: String) -> [String] {
        let log = FileEventLog(ofRun: data)
        return topics.sorted { $0.key.name < $1.key.name }.compactMap { topic, seen in
            do {
                let now = try log.events(of: topic)
                guard let gone = seen.indices.first(where: { $0 >= now.count || now[$0] != seen[$0] }) else {
                    return nil
                }
                return "\(topic)@\(gone) was seen and is gone; \(seen.count) events were seen, \(now.count) are there"
            } catch {
                return "\(topic) cannot be read: \(error)"
            }
        }
    }
}

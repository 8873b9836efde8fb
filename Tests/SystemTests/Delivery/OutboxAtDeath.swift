import Contracts
import EventLog
import FileEventLog
import Foundation
import GRDB

/// A service's outbox and topic as its death left them: a copy that is made before its next start touches them.
struct OutboxAtDeath: CustomStringConvertible {
    /// Sequences that the service had given out.
    let made: Int
    /// The last sequence that it knew to be in the log.
    let marked: Int
    /// The last one that is.
    let inLog: Int
    /// Events in the outbox, by sequence.
    let rows: [Int: [UInt8]]

    var description: String { "made \(made), in the log \(inLog), marked \(marked)" }

    /// What a shell does before each start of the service: copies its files, once, when the fault has fired.
    static func copying(_ service: ServiceName, data: String, to copy: String, onceThereIs fired: String) -> String {
        """
        if [ -e '\(fired)' ] && mkdir '\(copy)' 2>/dev/null; then
            mkdir '\(copy)/log' && cp -R '\(data)/log/\(service.topic)' '\(copy)/log/' || exit 1
            cp -R '\(data)/db/\(service.rawValue)' '\(copy)/db' || exit 1
        fi
        """
    }

    init(_ service: ServiceName, copy: String) throws {
        let topic = service.topic
        // As the service itself will find it: what readers may see yet is less.
        let writer = try FileEventLog(ofRun: copy).openWriter(of: topic)
        inLog = Int(writer.lastSequence)
        writer.close()
        let database = try DatabaseQueue(path: "\(copy)/db/\(service.rawValue).db")
        let counter = try database.read { db in
            try Row.fetchOne(
                db, sql: "SELECT next_sequence, published_sequence FROM outbox_topics WHERE topic = ?",
                arguments: [topic.name])
        }
        made = (counter?["next_sequence"] ?? 1) - 1
        marked = counter?["published_sequence"] ?? 0
        rows = try database.read { db in
            let rows = try Row.fetchAll(
                db, sql: "SELECT sequence, event FROM outbox WHERE topic = ?", arguments: [topic.name])
            return Dictionary(uniqueKeysWithValues: rows.map { ($0["sequence"], [UInt8]($0["event"] as Data)) })
        }
        try database.close()
    }
}

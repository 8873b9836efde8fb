import Contracts
import EventLog
import FileEventLog

extension FileEventLog {
    /// The log of a run's data directory, for readers.
    init(ofRun data: String) {
        self.init(
            directory: data + "/log", now: { Timestamp(microseconds: 0) },
            randomBytes: { Array(repeating: 0, count: $0) })
    }

    /// Every event of a topic that readers may see now, in order: an event's place is its offset.
    func events(of topic: Topic) throws -> [[UInt8]] {
        let reader = try openReader(of: topic, from: nil)
        defer { reader.close() }
        var events: [[UInt8]] = []
        while true {
            let more = try reader.read(maximumEvents: 1000, maximumBytes: 1 << 20)
            if more.isEmpty { return events }
            events += more.map { Array($0.bytes) }
        }
    }
}

import Contracts
import EventLog
import FileEventLog
import Foundation

/// The log under test, with the options of production.
struct BenchmarkLog {
    enum Refusal: Error, CustomStringConvertible {
        case notEmpty(String)
        case used(Topic, String)
        case wrongCount(Topic, expected: UInt64, found: UInt64)

        var description: String {
            switch self {
            case .notEmpty(let directory): "\(directory) is not empty: name a new directory"
            case .used(let topic, let directory): "\(directory) holds the topic \(topic) already: name a new directory"
            case .wrongCount(let topic, let expected, let found):
                "the topic \(topic) holds \(found) events, not \(expected): run 'append' first"
            }
        }
    }

    let directory: String
    let log: FileEventLog

    init(_ directory: String) {
        self.directory = directory
        log = FileEventLog(
            directory: directory,
            now: { Timestamp(microseconds: Clock.wallMicroseconds) },
            randomBytes: { count in (0..<count).map { _ in UInt8.random(in: 0...255) } })
    }

    /// - Throws: `Refusal.notEmpty`.
    func expectEmptyDirectory() throws {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []  // none where there is none
        guard names.isEmpty else { throw Refusal.notEmpty(directory) }
    }

    /// Becomes the writer of a topic that nobody wrote yet.
    func openNew(_ topic: Topic) throws -> any TopicWriter {
        guard !FileManager.default.fileExists(atPath: folder(of: topic)) else {
            throw Refusal.used(topic, directory)
        }
        return try log.openWriter(of: topic)
    }

    func folder(of topic: Topic) -> String {
        directory + "/" + topic.name
    }
}

extension TopicWriter {
    /// Appends events by their number, `batch` at a time, each batch durable before the next is made.
    func append(numbers: Range<UInt64>, batch: Int) throws {
        var next = numbers.lowerBound
        while next < numbers.upperBound {
            let end = min(next + UInt64(batch), numbers.upperBound)
            try append(NumberedEvent.make(next..<end), firstSequence: next + 1)
            next = end
        }
    }
}

extension Topic {
    static let append = Topic("append")
    static let latency = Topic("latency")
    static let tail = Topic("tail")
    static let recover = Topic("recover")

    static func append4(_ index: Int) -> Topic { Topic("append4-\(index)") }
    static func batch(_ size: Int) -> Topic { Topic("batch-\(size)") }
}

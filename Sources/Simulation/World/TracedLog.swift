import Contracts
import EventLog

/// The log, with each event that is appended noted in the trace.
struct TracedLog: EventLog {
    let log: any EventLog
    let trace: Trace

    func openWriter(of topic: Topic) throws -> any TopicWriter {
        TracedWriter(writer: try log.openWriter(of: topic), topic: topic, trace: trace)
    }

    func openReader(of topic: Topic, from position: Position?) throws -> any TopicReader {
        try log.openReader(of: topic, from: position)
    }

    func watch(_ topics: [Topic], ring bell: Doorbell) throws -> any LogWatch {
        try log.watch(topics, ring: bell)
    }
}

private struct TracedWriter: TopicWriter {
    let writer: any TopicWriter
    let topic: Topic
    let trace: Trace

    var lastSequence: UInt64 { writer.lastSequence }

    func append(_ events: [[UInt8]], firstSequence: UInt64) throws {
        try writer.append(events, firstSequence: firstSequence)
        for (index, event) in events.enumerated() { trace.note(topic, firstSequence + UInt64(index), event) }
    }

    func close() { writer.close() }
}

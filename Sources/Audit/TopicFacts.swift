import Contracts
import EventLog
import FileEventLog
import Foundation

/// A topic, read and decoded once.
struct TopicFacts {
    let topic: Topic
    /// Offset of the first event kept; above 0 where history was archived.
    private(set) var first: UInt64 = 0
    /// Offset after the last event that was read.
    private(set) var end: UInt64 = 0
    /// Offset after the last event that was there before any topic was read; see `Evidence`.
    private(set) var settled: UInt64 = 0
    /// The event at offset `first + index`.
    private(set) var events: [EventFact] = []
    private(set) var details = Details()
    /// Names of the types seen, with their numbers.
    private(set) var types: [String] = []
    /// Events whose bytes or data cannot be read.
    private(set) var unreadable: [(offset: UInt64, reason: String)] = []
    /// What bytes that are no event call themselves, by offset; nil where not even that can be read.
    private(set) var claimedTypes: [UInt64: String?] = [:]
    /// Trace contexts, of the event at offset `first + index`; `nil` if it belongs to no trace.
    private(set) var traces: [TraceContext?] = []
    /// What no service writes into an envelope, by offset.
    private(set) var irregular: [(offset: UInt64, reason: String)] = []
    /// The same fact in another version, by offset.
    private(set) var twins: [UInt64: EventID] = [:]
    /// Offsets of events that were handed in raw: their owner never said them.
    private(set) var injected: [UInt64: DeskFacts.Injected] = [:]
    /// Copies in databases that are not what the log holds.
    private(set) var otherCopies: [KeptCopy] = []
    /// Why reading stopped before the end.
    private(set) var fault: LogError?
    /// What `verify` says; nil where there is no such topic.
    private(set) var verified: LogVerifier.Finding?
    /// Where each segment begins, and its file as the report names it.
    private var segments: [(baseOffset: UInt64, file: String)] = []

    /// Whether every event from offset 0 on was read: only then is what is not there missing.
    var isWhole: Bool { fault == nil && first == 0 }

    /// Room made for events before they are read, at most.
    private static let reservedEvents: UInt64 = 1 << 20
    /// Events and bytes handed out by the log at a time.
    private static let batchEvents = 4096
    private static let batchBytes = 4 << 20

    /// What the topic's writer calls itself; `nil` for a topic that is none of the five services'.
    private let source: String?
    /// By offset.
    private let copies: [UInt64: [KeptCopy]]

    /// Nothing was ever written.
    init(topic: Topic) {
        self.topic = topic
        copies = [:]
        source = Rules.writer(of: topic)?.source
    }

    /// - Parameters:
    ///   - settled: the end that was seen before any topic was read.
    ///   - copies: what the databases keep of the topic's events, by offset.
    init(
        reading topic: Topic, of log: FileEventLog, directory: String, settled: UInt64, copies: [UInt64: [KeptCopy]]
    ) {
        self.topic = topic
        self.settled = settled
        self.copies = copies
        source = Rules.writer(of: topic)?.source
        do {
            segments = try log.segments(of: topic).map { segment in
                let parts = segment.path.split(separator: "/").suffix(3)  // log or archive, the topic, the file
                return (baseOffset: segment.baseOffset, file: parts.joined(separator: "/"))
            }
            verified = try log.verify(topic)
            try read(log)
        } catch let error as LogError {
            fault = error
        } catch {
            fault = .unreadable(
                topic: topic, file: directory + "/" + topic.name, operation: "read (\(error))", errno: 0)
        }
        self.settled = min(settled, end)
    }

    private mutating func read(_ log: FileEventLog) throws {
        first = segments.first?.baseOffset ?? 0
        end = first
        let reader = try log.openReader(
            of: topic, from: first == 0 ? nil : Position(nextOffset: first, token: []))
        defer { reader.close() }
        let end = try reader.end()
        // A damaged commit page may promise any number of events.
        events.reserveCapacity(Int(min(end - min(first, end), Self.reservedEvents)))
        var numbers: [String: UInt32] = [:]
        while true {
            let batch = try reader.read(maximumEvents: Self.batchEvents, maximumBytes: Self.batchBytes)
            if batch.isEmpty { break }
            for logged in batch { add(logged, &numbers) }
        }
    }

    private mutating func add(_ logged: LoggedEvent, _ numbers: inout [String: UInt32]) {
        end = logged.offset + 1
        if let copies = copies[logged.offset] {
            let digest = EventDigest(logged.bytes)
            otherCopies += copies.filter { $0.digest != digest }
        }
        let envelope: Envelope
        do {
            envelope = try EventCoding.decode(logged.bytes)
        } catch {
            unreadable.append((logged.offset, "\(error)"))
            let type = try? EventCoding.type(of: logged.bytes)  // nil: no consumer can tell whether it is for it
            claimedTypes.updateValue(type, forKey: logged.offset)
            let nothing = EventID(high: 0, low: 0)
            events.append(
                EventFact(
                    id: nothing, cause: nil, correlation: nothing.rebound(), time: 0, kind: nil, type: .max, detail: -1,
                    order: nil))
            traces.append(nil)
            return
        }
        let number =
            numbers[envelope.type]
            ?? {
                types.append(envelope.type)
                let number = UInt32(truncatingIfNeeded: types.count - 1)
                numbers[envelope.type] = number
                return number
            }()
        if let twin = envelope.twinOf { twins[logged.offset] = twin }
        var kind = EventKind.byType[envelope.type]
        // Details are kept by topic: an event of another topic's must not be looked for among them.
        if let known = kind, !Rules.belongs(known, to: topic) {
            irregular.append((logged.offset, "\(envelope.type) is none of the events that belong in \(topic)"))
            kind = nil
        }
        var detail: Int32 = -1
        if let known = kind {
            do {
                detail = try details.add(known, envelope)
            } catch {
                unreadable.append((logged.offset, "the data of \(envelope.type) cannot be read: \(error)"))
                kind = nil
            }
        }
        let isAboutProduct = kind.map(Rules.isAboutProduct) ?? false
        let order = isAboutProduct ? nil : envelope.orderID
        events.append(
            EventFact(
                id: envelope.id, cause: envelope.causationID, correlation: envelope.correlationID,
                time: envelope.time.microseconds, kind: kind, type: number, detail: detail, order: order))
        let trace = envelope.traceparent.flatMap { TraceContext($0) }
        traces.append(trace)
        if let text = envelope.traceparent, trace?.description != text {
            irregular.append((logged.offset, "its traceparent '\(text)' is not of W3C Trace Context, version 00"))
        }
        if let source, envelope.source != source {
            irregular.append(
                (logged.offset, "its source is '\(envelope.source)', and \(topic) is written by \(source)"))
        }
        if let order, order.description != envelope.subject {
            irregular.append((logged.offset, "its subject '\(envelope.subject)' is not how order \(order) is written"))
        }
    }

    /// The trace that an event belongs to.
    func trace(at offset: UInt64) -> TraceContext? {
        offset >= first && offset < end ? traces[Int(offset - first)] : nil
    }

    // MARK: - Places

    subscript(offset: UInt64) -> EventFact? {
        offset >= first && offset < end ? events[Int(offset - first)] : nil
    }

    /// Events with their offsets, in order.
    var logged: some Sequence<(offset: UInt64, event: EventFact)> {
        events.lazy.enumerated().map { (offset: first + UInt64($0.offset), event: $0.element) }
    }

    /// What the topic's owner said: events with their offsets, in order, without those that were handed in raw.
    var said: some Sequence<(offset: UInt64, event: EventFact)> {
        logged.lazy.filter { injected.isEmpty || !isInjected($0.offset) }
    }

    func isInjected(_ offset: UInt64) -> Bool { injected[offset] != nil }

    mutating func setInjected(_ events: [UInt64: DeskFacts.Injected]) {
        injected = events
    }

    /// Whether the bytes are an event, of whatever type and data.
    func isEvent(_ event: EventFact) -> Bool { Int(event.type) < types.count }

    func typeName(of event: EventFact) -> String {
        isEvent(event) ? types[Int(event.type)] : "unreadable bytes"
    }

    /// The file that holds an offset.
    func place(_ offset: UInt64) -> Place {
        guard let segment = segments.last(where: { $0.baseOffset <= offset }) else {
            return Place(file: "log/\(topic.name)", offset: offset)
        }
        return Place(file: segment.file, offset: offset)
    }

    /// A folder without a commit page and without segments is no topic yet.
    static func exists(_ topic: Topic, in directory: String) -> Bool {
        let folder = directory + "/" + topic.name
        if FileManager.default.fileExists(atPath: folder + "/commit") { return true }
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []  // no folder: no segments
        return names.contains { $0.hasSuffix(".segment") }
    }
}

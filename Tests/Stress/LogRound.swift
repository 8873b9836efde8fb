import Contracts
import EventLog
import FileEventLog
import Foundation
import LogFormat
import Synchronization

/// One log on disk, hammered by threads until every event is written and read: writers that open and close, readers that
/// tail, wake by bell or read all history, and beside them scrub, archive, verification and statistics.
///
/// *Guarantee*: it ends well only where each reader got each event once, in order and with its own bytes, nobody was told
/// of damage, and no file stayed open.
final class LogRound: Sendable {
    private let topics = (0..<3).map { Topic("stress-\($0)") }
    private let eventsPerTopic: UInt64
    private let seed: UInt64
    private let place: Workplace
    private let findings: Findings
    /// One for all: its companion thread is asked by several writers at once.
    private let disk = PosixDisk()
    /// Appends that began, a topic: nobody may read beyond.
    private let begun: Mutex<[Topic: UInt64]>
    /// First offset of the segment where each reader of the unarchived log stands; before it is known, the log's begin.
    private let standsIn = Mutex<[String: UInt64]>([:])
    private let tailing: Mutex<Set<String>>

    /// Events read, all readers together.
    let eventsRead = Atomic<Int>(0)
    /// Segments moved to the archive while readers were at work.
    let segmentsArchived = Atomic<Int>(0)
    var eventsWritten: Int { topics.count * Int(eventsPerTopic) }

    init(eventsPerTopic: UInt64, seed: UInt64, findings: Findings) throws {
        self.eventsPerTopic = eventsPerTopic
        self.seed = seed
        self.findings = findings
        place = try Workplace("stress-log")
        begun = Mutex(Dictionary(uniqueKeysWithValues: topics.map { ($0, 0) }))
        tailing = Mutex(Set(topics.map { "tail \($0)" } + ["bell"]))
    }

    /// Longest time that a round may take, in seconds; what takes longer hangs.
    private static let limit = 300.0

    func run() throws {
        defer { place.clearAway() }
        let crew = Crew(findings)
        for (index, topic) in topics.enumerated() {
            let seed = seed &+ UInt64(index) &* 7919
            crew.add("write \(topic)") { [self] in try write(topic, Seeded(seed)) }
            crew.add("tail \(topic)") { [self] in try tail(topic, Seeded(seed &+ 1)) }
            crew.add("history \(topic)") { [self] in try whileTailing { _ = try readHistory(topic) } }
        }
        crew.addTask("bell") { [self] in try await followBell() }
        crew.add("scrub") { [self] in try whileTailing { try scrub() } }
        crew.add("archive") { [self] in try whileTailing { try archive() } }
        crew.add("verify") { [self] in
            try whileTailing { for topic in topics where hasBegun(topic) { _ = try verify(topic) } }
        }
        crew.add("statistics") { [self] in try whileTailing { for topic in topics { try count(topic) } } }
        crew.wait(seconds: Self.limit)
        if findings.isEmpty { try checkEnd() }
    }

    // MARK: - The log

    private var logDirectory: String { place.path + "/log" }
    private var archiveDirectory: String { place.path + "/archive" }

    private func log(withArchive: Bool = false) -> FileEventLog {
        FileEventLog(
            directory: logDirectory, archive: withArchive ? archiveDirectory : nil, disk: disk,
            options: .init(segmentBytes: 256 << 10, zeroAheadBytes: 64 << 10),
            now: { Timestamp(microseconds: Int64(Date().timeIntervalSince1970 * 1_000_000)) },
            randomBytes: { count in (0..<count).map { _ in UInt8.random(in: .min ... .max) } })
    }

    // MARK: - Writing

    private func write(_ topic: Topic, _ random: Seeded) throws {
        var random = random
        var next: UInt64 = 1
        while next <= eventsPerTopic, findings.isEmpty {
            let writer = try log().openWriter(of: topic)
            defer { writer.close() }
            findings.expect(
                writer.lastSequence == next - 1,
                "the writer of \(topic) opened at sequence \(writer.lastSequence), \(next - 1) was acknowledged")
            refuseSecondWriter(topic)
            for _ in 0..<Int.random(in: 1...300, using: &random) where next <= eventsPerTopic && findings.isEmpty {
                let most: UInt64 = Int.random(in: 0..<8, using: &random) == 0 ? Self.largeBatch : 32
                let end = min(next + UInt64.random(in: 1...most, using: &random), eventsPerTopic + 1)
                let events = NumberedEvent.bytes(next..<end, of: topic)
                begun.withLock { $0[topic] = end - 1 }
                try writer.append(events, firstSequence: next)
                // As a relay does that died before it moved its mark.
                if Int.random(in: 0..<16, using: &random) == 0 { try writer.append(events, firstSequence: next) }
                next = end
            }
        }
    }

    /// Events; a frame of more than 32 KiB, for which the writer asks the disk's companion thread.
    private static let largeBatch: UInt64 = 400

    private func refuseSecondWriter(_ topic: Topic) {
        do {
            try log().openWriter(of: topic).close()
            findings.add("\(topic) got a second writer")
        } catch LogError.writerExists(_, _, let pid) {
            findings.expect(
                pid == nil || pid == getpid(), "the writer of \(topic) is said to be process \(pid ?? 0)")
        } catch {
            findings.add("a second writer of \(topic) is refused with: \(error)")
        }
    }

    // MARK: - Reading

    /// What was read must follow on `next`; returns what comes after it.
    private func check(_ events: [LoggedEvent], after next: UInt64, of topic: Topic, by reader: String) -> UInt64 {
        let begun = begun.withLock { $0[topic] ?? 0 }
        for (offset, event) in zip(next..., events) {
            findings.expect(event.offset == offset, "\(reader): offset \(event.offset) of \(topic), not \(offset)")
            findings.expect(offset < begun, "\(reader): offset \(offset) of \(topic), nobody wrote so far")
            findings.expect(
                Array(event.bytes) == NumberedEvent.bytes(offset + 1, of: topic),
                "\(reader): other bytes at offset \(offset) of \(topic)")
        }
        eventsRead.wrappingAdd(events.count, ordering: .relaxed)
        return next + UInt64(events.count)
    }

    /// Blocks for news, and goes on from a stored position now and then.
    private func tail(_ topic: Topic, _ random: Seeded) throws {
        let name = "tail \(topic)"
        var random = random
        var position: Position?
        var next: UInt64 = 0
        while next < eventsPerTopic, findings.isEmpty {
            let reader = try log().openReader(of: topic, from: position)
            defer { reader.close() }
            for _ in 0..<Int.random(in: 1...100, using: &random) where next < eventsPerTopic {
                _ = try reader.wait(atMost: .milliseconds(20))
                let events = try reader.read(
                    maximumEvents: Int.random(in: 1...256, using: &random), maximumBytes: 64 << 10)
                next = check(events, after: next, of: topic, by: name)
            }
            position = reader.position
            stands(name, reader.position)
        }
        leave(name)
    }

    /// Reads all topics as a consumer does: looks, and where there is nothing waits for the bell.
    private func followBell() async throws {
        let bell = Doorbell()
        let watch = try log().watch(topics, ring: bell)
        defer { watch.close() }
        var readers = try topics.map { (topic: $0, reader: try log().openReader(of: $0, from: nil), next: UInt64(0)) }
        defer { for reader in readers { reader.reader.close() } }
        while findings.isEmpty, readers.contains(where: { $0.next < eventsPerTopic }) {
            var hasRead = false
            for index in readers.indices {
                let (topic, reader, next) = readers[index]
                let events = try reader.read(maximumEvents: 512, maximumBytes: 256 << 10)
                readers[index].next = check(events, after: next, of: topic, by: "bell")
                stands("bell \(topic)", reader.position)
                if !events.isEmpty { hasRead = true }
            }
            if hasRead { await Task.yield() } else { await bell.wait() }
        }
        leave("bell")
    }

    /// From the first event ever, wherever it lies now; returns how many there are.
    private func readHistory(_ topic: Topic) throws -> UInt64 {
        let reader = try log(withArchive: true).openReader(of: topic, from: nil)
        defer { reader.close() }
        var next: UInt64 = 0
        while findings.isEmpty {
            let events = try reader.read(maximumEvents: 1024, maximumBytes: 1 << 20)
            if events.isEmpty { break }
            next = check(events, after: next, of: topic, by: "history")
        }
        return next
    }

    // MARK: - Beside them

    /// Again and again, as long as somebody reads on.
    private func whileTailing(_ body: () throws -> Void) rethrows {
        while findings.isEmpty, tailing.withLock({ !$0.isEmpty }) {
            let begin = Date()
            try body()
            // Or those that it is to disturb would get no core.
            Thread.sleep(forTimeInterval: 0.002 + 3 * Date().timeIntervalSince(begin))
        }
    }

    private func leave(_ reader: String) {
        tailing.withLock { _ = $0.remove(reader) }
    }

    private func stands(_ reader: String, _ position: Position) {
        let segment = PositionToken(position.token)?.segment ?? 0
        standsIn.withLock { $0[reader] = segment }
    }

    private func scrub() throws {
        for topic in topics {
            let finding = try LogScrubber(topic: topic, logDirectory: logDirectory).pass { _ in findings.isEmpty }
            for fault in finding.faults { findings.add("scrub: \(fault)") }
        }
    }

    /// Below the segments that readers may go back to, as `stampede log archive` does.
    private func archive() throws {
        for topic in topics {
            let below = standsIn.withLock { standsIn in
                ["tail \(topic)", "bell \(topic)"].map { standsIn[$0] ?? 0 }.min() ?? 0
            }
            let archiver = LogArchiver(topic: topic, logDirectory: logDirectory, archiveDirectory: archiveDirectory)
            let plan = try archiver.plan(below: below)
            try archiver.run(plan)
            segmentsArchived.wrappingAdd(plan.segments.count, ordering: .relaxed)
        }
    }

    /// Before that there is nothing to verify, which is a fault.
    private func hasBegun(_ topic: Topic) -> Bool { begun.withLock { $0[topic] ?? 0 } > 0 }

    private func verify(_ topic: Topic) throws -> LogVerifier.Finding {
        let finding = try log(withArchive: true).verify(topic)
        for fault in finding.faults { findings.add("verify: \(fault)") }
        return finding
    }

    private func count(_ topic: Topic) throws {
        let statistics = try log(withArchive: true).statistics(of: topic)
        let begun = begun.withLock { $0[topic] ?? 0 }
        findings.expect(
            statistics.events <= begun, "statistics of \(topic): \(statistics.events) events, \(begun) were begun")
    }

    // MARK: - The end

    private func checkEnd() throws {
        for topic in topics {
            let finding = try verify(topic)
            findings.expect(
                finding.events == eventsPerTopic && finding.acknowledged == eventsPerTopic && !finding.tornTail,
                "\(topic) holds \(finding.events) events and vouches for \(finding.acknowledged), not \(eventsPerTopic)"
            )
            let read = try readHistory(topic)
            findings.expect(read == eventsPerTopic, "history of \(topic): \(read) events, not \(eventsPerTopic)")
        }
        findings.expect(place.leftOpen().isEmpty, "still open: \(place.leftOpen().joined(separator: ", "))")
    }
}

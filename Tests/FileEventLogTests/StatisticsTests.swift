import Contracts
import EventLog
import FileEventLog
import LogFormat
import Testing

@Suite("Statistics of a topic", .tags(.unit), .timeLimit(.minutes(5)))
struct StatisticsTests {
    private static let directory = "/data/log/test"
    private static let all = events(0..<40, bytes: 100)

    /// Forty events, one a frame, in eight segments.
    private static func filled(_ clock: TestClock = TestClock()) throws -> MemoryDisk {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024, clock: clock).openWriter(of: .test)
        for first in 0..<40 { try writer.append([all[first]], firstSequence: UInt64(first) + 1) }
        writer.close()
        return disk
    }

    private static func segments(_ disk: MemoryDisk) -> [String] {
        disk.paths(in: directory).filter { $0.hasSuffix(".segment") }.sorted()
    }

    @Test("they count what the verifier counts, and the bytes that the files have")
    func figures() throws {
        let disk = try Self.filled()
        let log = makeLog(disk)
        let statistics = try log.statistics(of: .test)
        let finding = try log.verify(.test)
        #expect(statistics.topic == .test)
        #expect(statistics.segments == finding.segments)
        #expect(statistics.frames == finding.frames)
        #expect(statistics.events == 40)
        #expect(statistics.controlFrames == finding.frames - 40, "an event a frame; the others are seals and openings")
        #expect(statistics.firstOffset == 0)
        #expect(statistics.nextOffset == 40)
        #expect(statistics.epoch == 1)
        #expect(statistics.archivedSegments == 0)
        #expect(statistics.indexesMissing == 0)
        let files = Self.segments(disk).map { disk.contents($0)?.count ?? 0 }
        #expect(statistics.bytesOnDisk == UInt64(files.reduce(0, +)))
        #expect(statistics.bytesUsed < statistics.bytesOnDisk)
        #expect(statistics.bytesUsed > statistics.eventBytes)
        let events = UInt64(Self.all.map(\.count).reduce(0, +))
        #expect((events...events + 7 * 40).contains(statistics.eventBytes), "padding is at most seven bytes an event")
        #expect(statistics.largestFrame == Frame.length(of: Self.all[..<1]))
    }

    @Test("first and last append are those of events, not of openings and seals")
    func times() throws {
        let clock = TestClock()
        let disk = try Self.filled(clock)
        clock.set(1_796_000_000_000_000)
        let log = makeLog(disk, segmentBytes: 1024, clock: clock)
        let writer = try log.openWriter(of: .test)
        let before = try log.statistics(of: .test)
        #expect(before.epoch == 2)
        #expect(try #require(before.lastAppend) < Timestamp(microseconds: 1_796_000_000_000_000))
        try writer.append([event(40)], firstSequence: 41)
        let after = try log.statistics(of: .test)
        #expect(try #require(after.lastAppend) > Timestamp(microseconds: 1_796_000_000_000_000))
        #expect(after.firstAppend == before.firstAppend)
    }

    @Test("a topic that nobody wrote has nothing, and no times")
    func nothing() throws {
        let disk = MemoryDisk()
        #expect(try makeLog(disk).statistics(of: .test).segments == 0)
        try makeLog(disk).openWriter(of: .test).close()
        let opened = try makeLog(disk).statistics(of: .test)
        #expect(opened.frames == 1)
        #expect(opened.events == 0)
        #expect(opened.firstAppend == nil)
        #expect(opened.lastAppend == nil)
    }

    @Test("archived segments are counted with the archive at hand, and are no part of the topic without it")
    func archived() throws {
        let disk = try Self.filled()
        let archiver = LogArchiver(
            topic: .test, logDirectory: "/data/log", archiveDirectory: "/data/archive", disk: disk)
        let plan = try archiver.plan(below: 12)
        try archiver.run(plan)
        let whole = FileEventLog(
            directory: "/data/log", archive: "/data/archive", disk: disk, now: { Timestamp(microseconds: 0) },
            randomBytes: { _ in [] })
        let all = try whole.statistics(of: .test)
        #expect(all.archivedSegments == plan.segments.count)
        #expect(all.events == 40)
        let kept = try makeLog(disk).statistics(of: .test)
        #expect(kept.firstOffset == plan.firstAfterwards)
        #expect(kept.events == 40 - plan.firstAfterwards)
        #expect(kept.archivedSegments == 0)
    }

    @Test("a lost index is counted, and an append that was cut off is not")
    func damaged() throws {
        let disk = try Self.filled()
        var image = disk.image()
        image = image.filter { !$0.key.hasSuffix("00000000000000000000.index") }
        let last = try #require(Self.segments(disk).last)
        let frame = try #require(image[last]?.frameStarts.last)
        image[last]?[frame + 4] ^= 1
        let statistics = try makeLog(MemoryDisk.holding(image)).statistics(of: .test)
        #expect(statistics.indexesMissing == 1)
        #expect(statistics.events == 39)
    }

    @Test("a segment that cannot be read is named")
    func unreadable() throws {
        let disk = try Self.filled()
        let first = try #require(Self.segments(disk).first)
        disk.fail(.read, matching: first, errno: MemoryDisk.inputOutput)
        let error = #expect(throws: LogError.self) { try makeLog(disk).statistics(of: .test) }
        guard case .unreadable(.test, first, _, MemoryDisk.inputOutput) = error else {
            Issue.record("it says \(String(describing: error))")
            return
        }
    }
}

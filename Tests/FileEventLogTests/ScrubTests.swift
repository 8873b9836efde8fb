import Contracts
import EventLog
import FileEventLog
import Testing

@Suite("The scrub", .tags(.unit), .timeLimit(.minutes(5)))
struct ScrubTests {
    private static let log = "/data/log/test"

    private static func filled() throws -> MemoryDisk {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        for number in 0..<20 { try writer.append([event(number, bytes: 100)], firstSequence: UInt64(number) + 1) }
        writer.close()
        return disk
    }

    private static func scrub(_ disk: MemoryDisk) throws -> LogScrubber.Finding {
        try LogScrubber(topic: .test, logDirectory: "/data/log", disk: disk).pass { _ in true }
    }

    private static func segments(_ disk: MemoryDisk) -> [String] {
        disk.paths(in: log).filter { $0.hasSuffix(".segment") }
    }

    @Test("every bit of a sealed segment that rots is found, with file and byte, and nothing is changed")
    func rot() throws {
        let disk = try Self.filled()
        let path = Self.segments(disk)[1]
        let good = try #require(disk.contents(path))
        #expect(try Self.scrub(disk).faults == [])
        for bit in 0..<good.count * 8 {
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            disk.put(bad, at: path)
            let finding = try Self.scrub(disk)
            // A changed header of a segment shows at its neighbour's end too.
            let places = finding.faults.compactMap(\.place)
            #expect(places.contains { $0.file == path }, "bit \(bit): \(finding.faults)")
            #expect(disk.contents(path) == bad)
        }
    }

    @Test("one broken segment does not hide another")
    func several() throws {
        let disk = try Self.filled()
        for path in [Self.segments(disk)[0], Self.segments(disk)[2]] {
            var bytes = try #require(disk.contents(path))
            try #require(bytes.count > 300)
            bytes[300] ^= 1
            disk.put(bytes, at: path)
        }
        let finding = try Self.scrub(disk)
        #expect(finding.faults.compactMap(\.place?.file) == [Self.segments(disk)[0], Self.segments(disk)[2]])
    }

    @Test("the segment that is being written is left to its writer")
    func last() throws {
        let disk = try Self.filled()
        let path = try #require(Self.segments(disk).last)
        var bytes = try #require(disk.contents(path))
        try #require(bytes.count > 130)
        bytes[130] ^= 1
        disk.put(bytes, at: path)
        let finding = try Self.scrub(disk)
        #expect(finding.faults == [])
        #expect(finding.segments == Self.segments(disk).count - 1)
    }

    @Test("it asks its pace after every frame, and ends where that says so")
    func pace() throws {
        let disk = try Self.filled()
        var frames = 0
        let finding = try LogScrubber(topic: .test, logDirectory: "/data/log", disk: disk).pass { bytes in
            #expect(bytes > 0)
            frames += 1
            return frames < 3
        }
        #expect(frames == 3)
        #expect(finding.segments == 0)
    }

    @Test("a segment that is archived meanwhile is no fault")
    func archivedMeanwhile() throws {
        let disk = try Self.filled()
        let archiver = LogArchiver(
            topic: .test, logDirectory: "/data/log", archiveDirectory: "/data/archive", disk: disk)
        var isFirst = true
        let finding = try LogScrubber(topic: .test, logDirectory: "/data/log", disk: disk).pass { _ in
            if isFirst {
                isFirst = false
                try? archiver.run(try archiver.plan(below: 15))  // a failure shows in what is left of the log
            }
            return true
        }
        #expect(!disk.paths(in: "/data/archive/test").isEmpty)
        #expect(finding.faults == [])
    }
}

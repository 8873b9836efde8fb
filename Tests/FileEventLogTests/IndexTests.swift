import Contracts
import EventLog
import FileEventLog
import LogFormat
import Testing
import TestSupport

@Suite("The sparse index", .tags(.unit), .timeLimit(.minutes(5)))
struct IndexTests {
    private static let directory = "/data/log/test"
    private static let segmentBytes: UInt64 = 512 << 10

    /// Segments of half a mebibyte with some thousand events each, so that indexes have several entries.
    private static func filled(_ disk: MemoryDisk, segments: Int = 3) throws -> [[UInt8]] {
        let writer = try makeLog(disk, segmentBytes: segmentBytes).openWriter(of: .test)
        defer { writer.close() }
        var all: [[UInt8]] = []
        while disk.paths(in: directory).filter({ $0.hasSuffix(".segment") }).count <= segments {
            let batch = (0..<37).map { event(all.count + $0, bytes: 200) }
            try writer.append(batch, firstSequence: UInt64(all.count) + 1)
            all += batch
        }
        return all
    }

    private static func indexes(_ disk: MemoryDisk) -> [String] {
        disk.paths(in: directory).filter { $0.hasSuffix(".index") }
    }

    private static func bytesRead(_ disk: MemoryDisk, _ body: () throws -> Void) rethrows -> Int {
        let before = disk.bytesRead
        try body()
        return disk.bytesRead - before
    }

    private static func found(at offset: Int, _ disk: MemoryDisk) throws -> [UInt8]? {
        let reader = try makeLog(disk).openReader(of: .test, from: Position(nextOffset: UInt64(offset), token: []))
        let found = try reader.read(maximumEvents: 1, maximumBytes: 1).first
        #expect(found?.offset == UInt64(offset))
        return found.map { Array($0.bytes) }
    }

    @Test("each sealed segment has one, an entry every 64 KiB, and no other has")
    func made() throws {
        let disk = MemoryDisk()
        _ = try Self.filled(disk)
        #expect(Self.indexes(disk).count == 3)
        for path in Self.indexes(disk) {
            let index = try #require(disk.contents(path)).withUnsafeBytes { try SegmentIndex($0) }
            #expect(index.entries.count == 7)
            for (one, next) in zip(index.entries, index.entries.dropFirst()) {
                #expect(next.position - one.position >= SegmentIndex.spacing)
                #expect(next.position - one.position < SegmentIndex.spacing + UInt64(Frame.maximumLength))
            }
        }
    }

    @Test("a bare offset is found with it, and with it little of the segment is read")
    func offsetsAreFound() throws {
        let disk = MemoryDisk()
        let all = try Self.filled(disk)
        for offset in stride(from: 0, to: all.count, by: 97) {
            #expect(try Self.found(at: offset, disk) == all[offset])
        }
        let late = 1900  // near the end of the first segment
        let with = try Self.bytesRead(disk) { _ = try Self.found(at: late, disk) }
        for path in Self.indexes(disk) { disk.put(nil, at: path) }
        let without = try Self.bytesRead(disk) { _ = try Self.found(at: late, disk) }
        #expect(with * 2 < without, "\(with) bytes with, \(without) without")
    }

    @Test("one that is wrong in any way is no harm: every offset is found all the same")
    func neverTrusted() throws {
        let disk = MemoryDisk()
        let all = try Self.filled(disk)
        let good = try #require(disk.contents(Self.indexes(disk)[0]))
        let other = try #require(disk.contents(Self.indexes(disk)[1]))
        let path = Self.indexes(disk)[0]
        func check(_ how: String) throws {
            for offset in [0, 600, 1200, 1900] { #expect(try Self.found(at: offset, disk) == all[offset], "\(how)") }
        }
        for (bytes, how) in [
            (other, "another segment's"), ([], "empty"), (Array(good.dropLast()), "cut off"),
            (good + [0], "too long"), ([UInt8](repeating: 0xFF, count: good.count), "noise"),
        ] {
            disk.put(bytes, at: path)
            try check(how)
        }
        var random = SeededRandom(seed: 5)
        for round in 0..<300 {
            // Any byte changed, its checksum mended: only what it leads to can tell.
            var lie = good
            let place = 32 + random.below(lie.count - 32)
            lie[place] ^= 1 << UInt8(random.below(8))
            lie.set(crc32c(Array(lie[0..<12]) + lie[16...]), at: 12)
            disk.put(lie, at: path)
            try check("byte \(place) changed, round \(round)")
        }
    }

    @Test("the scrub makes one anew where it is missing or wrong, and leaves a right one alone")
    func madeAnew() throws {
        let disk = MemoryDisk()
        _ = try Self.filled(disk)
        let scrubber = LogScrubber(topic: .test, logDirectory: "/data/log", disk: disk)
        let good = disk.image()
        #expect(try scrubber.pass { _ in true }.indexesMade == 0)
        #expect(disk.image() == good)
        disk.put(nil, at: Self.indexes(disk)[1])
        disk.put([1, 2, 3], at: Self.indexes(disk)[0])
        #expect(try scrubber.pass { _ in true }.indexesMade == 2)
        #expect(disk.image() == good)
    }

    @Test("a full disk while it is written leaves it away, and the append goes through")
    func fullDisk() throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        disk.fail(.write, matching: ".index", errno: MemoryDisk.noSpace)
        try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
        #expect(Self.indexes(disk).isEmpty)
        #expect(!disk.paths(in: Self.directory).contains { $0.hasSuffix("-being-made") })
        #expect(try readAll(makeLog(disk)) == events(0..<8, bytes: 100))
    }

    @Test("a writer that takes a segment over in its middle writes the same index")
    func takenOver() throws {
        let one = MemoryDisk()
        let other = MemoryDisk()
        for (disk, restarts) in [(one, false), (other, true)] {
            let clock = TestClock()
            var writer = try makeLog(disk, segmentBytes: Self.segmentBytes, clock: clock).openWriter(of: .test)
            for round in 0..<90 {
                if restarts, round == 40 {
                    writer.close()
                    writer = try makeLog(disk, segmentBytes: Self.segmentBytes, clock: clock).openWriter(of: .test)
                }
                let batch = (0..<40).map { event(round * 40 + $0, bytes: 200) }
                try writer.append(batch, firstSequence: UInt64(round * 40) + 1)
            }
            writer.close()
        }
        func entries(_ disk: MemoryDisk) throws -> Int {
            try #require(disk.contents(Self.indexes(disk)[0])).withUnsafeBytes { try SegmentIndex($0).entries.count }
        }
        #expect(try entries(one) == entries(other))
        let scrubber = LogScrubber(topic: .test, logDirectory: "/data/log", disk: other)
        #expect(try scrubber.pass { _ in true }.indexesMade == 0, "the scrub would have written the same")
    }
}

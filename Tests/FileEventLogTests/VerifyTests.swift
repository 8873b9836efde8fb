import Contracts
import EventLog
import FileEventLog
import LogFormat
import Testing

@Suite("log verify", .tags(.unit), .timeLimit(.minutes(5)))
struct VerifyTests {
    private static let all = events(0..<8, bytes: 90)

    private static func image() throws -> [String: [UInt8]] {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        for first in [0, 2, 4, 6] { try writer.append(Array(all[first..<first + 2]), firstSequence: UInt64(first) + 1) }
        return disk.image()
    }

    @Test("a clean log has no faults, and the figures are right")
    func clean() throws {
        let disk = MemoryDisk.holding(try Self.image())
        let finding = try makeLog(disk).verify(.test)
        #expect(finding.faults == [])
        #expect(!finding.tornTail)
        #expect(finding.segments == 2)
        #expect(finding.frames == 6, "opening, two batches, seal; two batches")
        #expect(finding.events == 8)
        #expect(finding.firstOffset == 0)
        #expect(finding.nextOffset == 8)
        #expect(finding.nextSequence == 9)
        #expect(finding.acknowledged == 8)
        #expect(finding.head != .zero)
        #expect(try makeLog(disk).topics() == [.test])
    }

    @Test("the head of the chain tells two histories apart that differ in one bit")
    func head() throws {
        func head(_ last: [UInt8]) throws -> String {
            let disk = MemoryDisk()
            let log = makeLog(disk)
            let writer = try log.openWriter(of: .test)
            try writer.append([last], firstSequence: 1)
            try writer.append([event(1)], firstSequence: 2)
            return try log.verify(.test).head.description
        }
        #expect(try head([1]) == head([1]))
        #expect(try head([1]) != head([3]))
    }

    @Test("an append that was cut off is reported, and is no fault")
    func tornTail() throws {
        var image = try Self.image()
        let last = image.keys.filter { $0.hasSuffix(".segment") }.sorted()[1]
        let start = try #require(image[last]?.frameStarts.last)
        image[last]?[start + 150] ^= 1
        let acknowledged = try makeLog(MemoryDisk.holding(image)).verify(.test)
        #expect(acknowledged.faults.first?.place?.file == last)
        #expect(acknowledged.faults.first?.place?.byte == UInt64(start))
        image["/data/log/test/commit"]?[16] = 6
        let finding = try makeLog(MemoryDisk.holding(image)).verify(.test)
        #expect(finding.faults == [])
        #expect(finding.tornTail)
        #expect(finding.nextOffset == 6)
    }

    @Test("damage in front of a whole frame is a fault even where the commit page is old")
    func damageBeforeUnacknowledged() throws {
        var image = try Self.image()
        let last = image.keys.filter { $0.hasSuffix(".segment") }.sorted()[1]
        let start = try #require(image[last]?.frameStarts.first)
        image[last]?[start + 150] ^= 1
        image["/data/log/test/commit"]?[16] = 4
        let log = makeLog(MemoryDisk.holding(image))
        #expect(try log.verify(.test).faults.first?.place?.byte == UInt64(start))
        #expect(throws: LogError.self) { try log.openWriter(of: .test) }
    }

    @Test("every bit flipped anywhere: verify finds it, or every event is still there unchanged")
    func everyBit() async throws {
        let image = try Self.image()
        for path in image.keys.filter({ $0.hasSuffix(".segment") }).sorted() {
            let bytes = try #require(image[path])
            let used = (bytes.lastIndex { $0 != 0 } ?? 0) + 9
            for bit in 0..<bytes.count * 8 where bit < used * 8 || bit % 8 == 0 {
                await Task.yield()  // other tests want the pool too
                var broken = image
                broken[path]?[bit / 8] ^= 1 << UInt8(bit % 8)
                let log = makeLog(MemoryDisk.holding(broken))
                let finding = try log.verify(.test)
                if let fault = finding.faults.first {
                    #expect(fault.place?.file.hasSuffix(".segment") == true, "bit \(bit) of \(path): \(fault)")
                } else {
                    #expect(finding.tornTail, "bit \(bit) of \(path) went unnoticed")
                    #expect(finding.nextOffset == 8)
                    #expect(try readAll(log) == Self.all)
                }
            }
        }
    }

    @Test("a topic that is not there, or has no commit page, is a finding and no crash")
    func nothingThere() throws {
        #expect(try makeLog(MemoryDisk()).verify(.test).faults.count == 1)
        var image = try Self.image()
        image["/data/log/test/commit"] = nil
        #expect(try makeLog(MemoryDisk.holding(image)).verify(.test).faults.count == 1)
    }
}

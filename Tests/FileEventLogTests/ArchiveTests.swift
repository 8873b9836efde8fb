import Contracts
import EventLog
import FileEventLog
import LogFormat
import Testing

@Suite("Retention moves, it does not delete", .tags(.unit), .timeLimit(.minutes(5)))
struct ArchiveTests {
    private static let log = "/data/log/test"
    private static let archive = "/data/archive/test"
    private static let all = events(0..<40, bytes: 100)

    /// Forty events in eight segments.
    private static func filled() throws -> MemoryDisk {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        for first in 0..<40 { try writer.append([all[first]], firstSequence: UInt64(first) + 1) }
        writer.close()
        return disk
    }

    private static func archiver(_ disk: any Disk) -> LogArchiver {
        LogArchiver(topic: .test, logDirectory: "/data/log", archiveDirectory: "/data/archive", disk: disk)
    }

    private static func whole(_ disk: any Disk) -> FileEventLog {
        FileEventLog(
            directory: "/data/log", archive: "/data/archive", disk: disk, now: { Timestamp(microseconds: 0) },
            randomBytes: { _ in [] })
    }

    private static func names(_ disk: MemoryDisk, _ directory: String) -> [UInt64] {
        disk.paths(in: directory).compactMap { path in
            path.hasSuffix(".segment") ? UInt64(path.dropLast(8).suffix(20)) : nil
        }
    }

    @Test("sealed segments below the offset go, with their indexes, and nothing else changes")
    func moves() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 3)
        let plan = try Self.archiver(disk).plan(below: before[3] + 1)
        #expect(plan.segments == Array(before[..<3]))
        #expect(plan.firstAfterwards == before[3])
        try Self.archiver(disk).run(plan)
        #expect(Self.names(disk, Self.log) == Array(before[3...]))
        #expect(Self.names(disk, Self.archive) == Array(before[..<3]))
        #expect(disk.paths(in: Self.archive).filter { $0.hasSuffix(".index") }.count == 3)
        #expect(try Self.archiver(disk).plan(below: before[3] + 1).segments.isEmpty, "once is enough")
    }

    @Test("the segment that is being written never goes, whatever is asked")
    func lastStays() throws {
        let disk = try Self.filled()
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: .max))
        #expect(Self.names(disk, Self.log).count == 1)
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        #expect(writer.lastSequence == 40)
        try writer.append([event(40, bytes: 100)], firstSequence: 41)
        #expect(try readAll(Self.whole(disk)) == Self.all + [event(40, bytes: 100)])
        #expect(try Self.whole(disk).verify(.test).faults == [])
    }

    @Test("below its start the log gives a named error; with the archive everything reads as before")
    func readers() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 4)
        let old = try makeLog(disk).openReader(of: .test, from: nil)
        _ = try old.read(maximumEvents: 2, maximumBytes: 1000)
        let stale = old.position
        old.close()
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: before[4]))
        let start = before[4]

        let log = makeLog(disk)
        for position in [Position(nextOffset: 0, token: []), Position(nextOffset: start - 1, token: []), stale] {
            let reader = try log.openReader(of: .test, from: position)
            let expected = LogError.archived(topic: .test, offset: position.nextOffset, firstKept: start)
            #expect(throws: expected) { try reader.read(maximumEvents: 1, maximumBytes: 1) }
        }
        #expect(try readAll(log) == Array(Self.all[Int(start)...]), "from the first event kept")
        #expect(try readAll(Self.whole(disk)) == Self.all)
        #expect(try readAll(Self.whole(disk), from: stale) == Array(Self.all[2...]))
        let finding = try log.verify(.test)
        #expect(finding.faults == [])
        #expect(finding.firstOffset == start)
        let both = try Self.whole(disk).verify(.test)
        #expect(both.faults == [])
        #expect(both.firstOffset == 0)
        #expect(both.events == 40)
        #expect(both.head == finding.head)
    }

    @Test("a segment of the log that is missing is not taken for one that was archived")
    func missing() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 5)
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: before[4]))
        for base in [before[4], before[5]] {
            let broken = disk.copy()
            broken.put(nil, at: "\(Self.log)/\(TopicName.digits(base)).segment")
            #expect(throws: LogError.self) { try makeLog(broken, segmentBytes: 1024).openWriter(of: .test) }
            #expect(throws: LogError.self) { try readAll(makeLog(broken)) }
            #expect(try !makeLog(broken).verify(.test).faults.isEmpty)
            #expect(try !Self.whole(broken).verify(.test).faults.isEmpty)
        }
        let gap = disk.copy()
        gap.put(nil, at: "\(Self.archive)/\(TopicName.digits(before[2])).segment")
        #expect(try !Self.whole(gap).verify(.test).faults.isEmpty)
        // What begins later than the topic is no fault: the first offset says so.
        let beheaded = disk.copy()
        beheaded.put(nil, at: "\(Self.archive)/\(TopicName.digits(before[0])).segment")
        let finding = try Self.whole(beheaded).verify(.test)
        #expect(finding.faults == [])
        #expect(finding.firstOffset == before[1])
    }

    @Test("a start record that is broken, or another topic's, is refused by name")
    func startRecord() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 4)
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: before[4]))
        let good = try #require(disk.contents(Self.log + "/start"))
        for bit in 0..<good.count * 8 {
            var bad = good
            bad[bit / 8] ^= 1 << UInt8(bit % 8)
            let broken = disk.copy()
            broken.put(bad, at: Self.log + "/start")
            let error = #expect(throws: LogError.self) {
                try makeLog(broken, segmentBytes: 1024).openWriter(of: .test)
            }
            #expect(error?.place?.file == Self.log + "/start")
        }
        var foreign = good
        try #require(foreign.count > 16)
        foreign[16] ^= 1
        foreign.set(crc32c(Array(foreign[0..<12]) + foreign[16...]), at: 12)
        disk.put(foreign, at: Self.log + "/start")
        let error = #expect(throws: LogError.self) { try makeLog(disk, segmentBytes: 1024).openWriter(of: .test) }
        #expect(error?.place?.file == Self.log + "/start")
    }

    @Test("a segment that rotted is not put away")
    func rot() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 3)
        let path = "\(Self.log)/\(TopicName.digits(before[1])).segment"
        var bytes = try #require(disk.contents(path))
        try #require(bytes.count > 300)
        bytes[300] ^= 4
        disk.put(bytes, at: path)
        let image = disk.image()
        let error = #expect(throws: LogError.self) {
            try Self.archiver(disk).run(try Self.archiver(disk).plan(below: before[3]))
        }
        #expect(error?.place?.file == path)
        #expect(disk.image() == image, "nothing was moved")
    }

    @Test("an archive on another file system is copied to")
    func otherFileSystem() throws {
        let disk = try Self.filled()
        let before = Self.names(disk, Self.log)
        try #require(before.count > 4)
        disk.fail(.link, errno: MemoryDisk.otherFileSystem, times: 1000)
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: before[4]))
        #expect(Self.names(disk, Self.log) == Array(before[4...]))
        #expect(try readAll(Self.whole(disk)) == Self.all)
        #expect(try Self.whole(disk).verify(.test).faults == [])
    }

    @Test("a plan that another run has overtaken is refused: the log's beginning never moves back")
    func overtaken() throws {
        let disk = try Self.filled()
        let old = try Self.archiver(disk).plan(below: 10)
        try Self.archiver(disk).run(try Self.archiver(disk).plan(below: 30))
        let image = disk.image()
        let first = try #require(Self.names(disk, Self.log).first)
        #expect(throws: LogError.archived(topic: .test, offset: 0, firstKept: first)) {
            try Self.archiver(disk).run(old)
        }
        #expect(disk.image() == image)
        #expect(try makeLog(disk, segmentBytes: 1024).openWriter(of: .test).lastSequence == 40)
    }

    @Test("two runs at once: the second is refused by name")
    func oneAtATime() throws {
        let disk = try Self.filled()
        let plan = try Self.archiver(disk).plan(below: 20)
        try disk.createDirectory(Self.archive)
        let lock = try disk.lockDirectory(Self.archive)
        #expect(throws: LogError.writerExists(topic: .test, directory: Self.archive, pid: 4711)) {
            try Self.archiver(disk).run(plan)
        }
        lock.release()
        try Self.archiver(disk).run(plan)
    }

    @Test(
        "killed or without power at any call: the log opens, nothing is missing, and it can be run again",
        arguments: [false, true])
    func crashAnywhere(copies: Bool) throws {
        var changes = 0
        var finished = false
        while !finished {
            let disk = try Self.filled()
            if copies { disk.fail(.link, errno: MemoryDisk.otherFileSystem, times: 1000) }
            let below = Self.names(disk, Self.log)[5]
            disk.die(afterChanges: changes)
            do {
                try Self.archiver(disk).run(try Self.archiver(disk).plan(below: below))
                finished = !disk.isDead
            } catch {
                #expect(disk.isDead, "\(error)")
            }
            for survival in [nil, MemoryDisk.Survival.nothing, .everything, .seeded(1), .seeded(2), .seeded(3)] {
                let after = disk.copy()
                if let survival { after.losePower(survival) } else { after.killProcess() }
                let how = "change \(changes), \(survival.map { "\($0)" } ?? "killed")"
                let writer = try makeLog(after, segmentBytes: 1024, seed: 3).openWriter(of: .test)
                #expect(try readAll(Self.whole(after)) == Self.all, "\(how)")
                try writer.append([event(40, bytes: 100)], firstSequence: 41)
                writer.close()
                after.heal()
                if copies { after.fail(.link, errno: MemoryDisk.otherFileSystem, times: 1000) }
                try Self.archiver(after).run(try Self.archiver(after).plan(below: below))
                #expect(Self.names(after, Self.log).first == below, "\(how)")
                #expect(try readAll(Self.whole(after)) == Self.all + [event(40, bytes: 100)], "\(how)")
                #expect(try Self.whole(after).verify(.test).faults == [], "\(how)")
                #expect(!after.paths(in: Self.archive).contains { $0.hasSuffix("-being-made") }, "\(how)")
            }
            changes += 1
        }
        #expect(changes > 15, "the sweep went through")
    }

    @Test(
        "whoever reads all history finds it, whenever a segment is moved",
        arguments: ["read", "verify", "statistics"])
    func movedMeanwhile(reads: String) throws {
        var openings = 0
        var isLate = false
        while !isLate {
            let disk = try Self.filled()
            let move = Interruption(after: openings) {
                try Self.archiver(disk).run(try Self.archiver(disk).plan(below: 30))
            }
            let whole = Self.whole(HookedDisk(base: disk) { path throws(DiskError) in try move.opening(path) })
            switch reads {
            case "read": #expect(try readAll(whole) == Self.all, "after \(openings) openings")
            case "verify": #expect(try whole.verify(.test).faults == [], "after \(openings) openings")
            default: #expect(try whole.statistics(of: .test).events == 40, "after \(openings) openings")
            }
            isLate = !move.hasHappened
            openings += 1
        }
        #expect(openings > 7, "there are eight segments")
    }

    @Test("a writer that opens while the start record is being made leaves it alone")
    func writerMeanwhile() throws {
        let disk = try Self.filled()
        let hooked = HookedDisk(
            base: disk,
            renaming: { from throws(DiskError) in
                guard from.hasSuffix("start-being-made") else { return }
                do {
                    try makeLog(disk, segmentBytes: 1024).openWriter(of: .test).close()
                } catch {
                    throw DiskError("\(error)", from, errno: MemoryDisk.inputOutput)
                }
            })
        try Self.archiver(hooked).run(try Self.archiver(hooked).plan(below: 30))
        #expect(!Self.names(disk, Self.archive).isEmpty)
        #expect(try readAll(Self.whole(disk)) == Self.all)
    }

    /// Names of files, made here so that the tests do not believe the code under test.
    private enum TopicName {
        static func digits(_ base: UInt64) -> String {
            let text = String(base)
            return String(repeating: "0", count: 20 - text.count) + text
        }
    }
}

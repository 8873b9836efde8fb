import Contracts
import EventLog
import FileEventLog
import Testing
import TestSupport

@Suite("Acknowledged means on disk", .tags(.unit), .timeLimit(.minutes(5)))
struct DurabilityTests {
    @Test("nothing is published while a file or a directory entry is not synced")
    func publishedOnlyAfterSync() throws {
        let disk = MemoryDisk()
        for _ in 0..<3 {
            let log = makeLog(disk, segmentBytes: 1024)
            let writer = try log.openWriter(of: .test)
            let next = Int(writer.lastSequence)
            for number in next..<next + 20 { try writer.append([event(number)], firstSequence: UInt64(number) + 1) }
            writer.close()
        }
        let published = disk.journal.filter { $0.call == .publish }
        #expect(published.count == 63, "one publish an append, one an opening")
        #expect(published.filter { !$0.unsynced.isEmpty }.isEmpty)
        #expect(published.map(\.offset) == published.map(\.offset).sorted())
    }

    @Test("one append is one write, one sync, one publish, in this order")
    func orderOfCalls() throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk).openWriter(of: .test)
        disk.clearJournal()
        try writer.append(events(0..<7), firstSequence: 1)
        #expect(disk.journal.map(\.call) == [.write, .sync, .publish])
    }

    @Test("zeros are written ahead once for many small frames, never past the segment, and not for large frames")
    func zerosAhead() throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 32 << 10, zeroAheadBytes: 4096).openWriter(of: .test)
        let path = "/data/log/test/00000000000000000000.segment"
        func writes() -> [MemoryDisk.Operation] {
            defer { disk.clearJournal() }
            return disk.journal.filter { $0.call == .write && $0.path == path }
        }
        #expect(writes().map(\.count).contains(4096), "with the first frame")
        for number in 0..<20 { try writer.append([event(number)], firstSequence: UInt64(number) + 1) }
        #expect(writes().allSatisfy { $0.count < 4096 }, "not again before they are used up")
        try writer.append(events(20..<40), firstSequence: 21)
        #expect(writes().count == 1, "a frame of more than an eighth of them goes without")
        for number in 40..<230 { try writer.append([event(number)], firstSequence: UInt64(number) + 1) }
        #expect(writes().allSatisfy { $0.offset + UInt64($0.count) <= 32 << 10 })
        #expect(try readAll(makeLog(disk)) == events(0..<230))
        #expect(try makeLog(disk).verify(.test).faults == [])
    }

    @Test("a new segment is whole on disk before its name is, and its name before any event in it is published")
    func orderAtRoll() throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        disk.clearJournal()
        try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
        let calls = disk.journal.map(\.call)
        try #require(
            calls == [
                .create, .allocate, .write, .sync,  // the next segment
                .write, .sync,  // the seal
                .create, .write, .sync, .rename, .syncDirectory,  // the index of what is sealed
                .rename, .syncDirectory, .write, .sync, .publish,
            ])
        #expect(disk.journal[4].path.hasSuffix("00000000000000000000.segment"))
        #expect(disk.journal[9].path.hasSuffix("00000000000000000000.index"))
        #expect(disk.journal[11].path.hasSuffix("00000000000000000005.segment"))
    }

    @Test("opening a topic syncs its directory entries before it relies on them")
    func entriesOfADeadProcess() throws {
        // The process dies between rename and directory sync; its successor appends; then the power goes.
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        disk.fail(.syncDirectory, errno: MemoryDisk.inputOutput)
        #expect(throws: LogError.self) { try writer.append(events(5..<8, bytes: 100), firstSequence: 6) }
        disk.killProcess()
        disk.heal()
        let next = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try next.append(events(5..<8, bytes: 100), firstSequence: 6)
        disk.losePower(.nothing)
        #expect(try makeLog(disk, segmentBytes: 1024).openWriter(of: .test).lastSequence == 8)
        #expect(try readAll(makeLog(disk)) == events(0..<8, bytes: 100))
    }

    @Test("a segment that holds only restarts is not replaced by one of the same name")
    func manyRestarts() throws {
        let disk = MemoryDisk()
        for _ in 0..<12 { try makeLog(disk, segmentBytes: 1024).openWriter(of: .test).close() }
        var writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        for _ in 0..<12 {
            writer.close()
            writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        }
        try writer.append(events(5..<15, bytes: 100), firstSequence: 6)
        #expect(try readAll(makeLog(disk)) == events(0..<15, bytes: 100))
        let finding = try makeLog(disk).verify(.test)
        #expect(finding.faults == [])
        #expect(finding.events == 15)
    }

    // MARK: Crashes everywhere

    /// What was promised to anybody before the crash.
    private struct Promised {
        var acknowledged = 0
        var seen = 0
        var finished = false
    }

    private static let submitted = events(0..<30, bytes: 90)

    /// Thirty events in batches of one to three over several segments, with a restart in between.
    private func run(_ disk: MemoryDisk, zeroAheadBytes: UInt64 = 0) -> Promised {
        var promised = Promised()
        do {
            for round in 0..<2 {
                let log = makeLog(
                    disk, segmentBytes: 1024, zeroAheadBytes: zeroAheadBytes, seed: UInt64(round))
                let writer = try log.openWriter(of: .test)
                let reader = try log.openReader(of: .test, from: nil)
                promised.acknowledged = max(promised.acknowledged, Int(writer.lastSequence))
                while promised.acknowledged < (round + 1) * 15 {
                    let first = promised.acknowledged
                    let batch = Self.submitted[first..<min(first + 1 + first % 3, 30)]
                    try writer.append(Array(batch), firstSequence: UInt64(first) + 1)
                    promised.acknowledged += batch.count
                    if !disk.isDead { _ = try drain(reader) }
                    promised.seen = max(promised.seen, Int(reader.position.nextOffset))
                }
                writer.close()
            }
            promised.finished = !disk.isDead
        } catch {
            #expect(disk.isDead, "\(error)")
        }
        return promised
    }

    /// Recovers, checks what is there, finishes the job.
    private func check(_ disk: MemoryDisk, _ promised: Promised, _ how: String) throws {
        let log = makeLog(disk, segmentBytes: 1024, seed: 9)
        let writer = try log.openWriter(of: .test)
        let found = try readAll(log)
        #expect(found.count >= promised.acknowledged, "\(how): an acknowledged event is gone")
        #expect(found.count >= promised.seen, "\(how): a reader saw an event that is gone")
        #expect(found == Array(Self.submitted[..<found.count]), "\(how): what is there is what was sent")
        #expect(Int(writer.lastSequence) == found.count)
        try writer.append(
            Array(Self.submitted[promised.acknowledged...]), firstSequence: UInt64(promised.acknowledged) + 1)
        #expect(try readAll(log) == Self.submitted, "\(how)")
        let finding = try log.verify(.test)
        #expect(finding.faults == [], "\(how)")
        #expect(!finding.tornTail, "\(how)")
    }

    @Test(
        "a crash or a power loss at any call loses nothing that was acknowledged or read", arguments: [UInt64(0), 4096])
    func crashAnywhere(zeroAheadBytes: UInt64) async throws {
        var changes = 0
        while true {
            await Task.yield()  // other tests want the pool too
            let disk = MemoryDisk()
            disk.die(afterChanges: changes)
            let promised = run(disk, zeroAheadBytes: zeroAheadBytes)
            let killed = disk.copy()
            killed.killProcess()
            try check(killed, promised, "killed at change \(changes)")
            for survival in [MemoryDisk.Survival.nothing, .everything, .seeded(1), .seeded(2)] {
                let lost = disk.copy()
                lost.losePower(survival)
                try check(lost, promised, "power lost at change \(changes), \(survival)")
            }
            if promised.finished { break }
            changes += 1
        }
        #expect(changes > 100, "the sweep went through")
    }

    @Test("a second crash, while the log recovers from the first, loses nothing either")
    func crashInRecovery() async throws {
        var random = SeededRandom(seed: 11)
        for round in 0..<200 {
            await Task.yield()
            let disk = MemoryDisk()
            disk.die(afterChanges: random.below(170))
            var promised = run(disk)
            for _ in 0..<3 {
                if random.below(2) == 0 { disk.killProcess() } else { disk.losePower(.seeded(random.next())) }
                disk.die(afterChanges: random.below(12))
                let again = run(disk)
                promised.acknowledged = max(promised.acknowledged, again.acknowledged)
                promised.seen = max(promised.seen, again.seen)
            }
            disk.losePower(.seeded(random.next()))
            try check(disk, promised, "round \(round)")
        }
    }
}

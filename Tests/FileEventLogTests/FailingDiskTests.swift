import Contracts
import EventLog
import FileEventLog
import Testing

@Suite("A disk that fails", .tags(.unit), .timeLimit(.minutes(5)))
struct FailingDiskTests {
    private static let file = "/data/log/test/00000000000000000000.segment"

    @Test("a failed sync is final: nothing is published and nothing is written any more")
    func failedSync() throws {
        let disk = MemoryDisk()
        let log = makeLog(disk)
        let writer = try log.openWriter(of: .test)
        try writer.append(events(0..<2), firstSequence: 1)
        disk.fail(.sync, errno: MemoryDisk.inputOutput)
        let failed = LogError.syncFailed(topic: .test, file: Self.file, errno: MemoryDisk.inputOutput)
        #expect(throws: failed) { try writer.append(events(2..<3), firstSequence: 3) }
        disk.clearJournal()
        for _ in 0..<3 { #expect(throws: failed) { try writer.append(events(2..<3), firstSequence: 3) } }
        #expect(throws: failed) { try writer.append(events(0..<2), firstSequence: 1) }
        #expect(disk.journal.isEmpty)
        #expect(try readAll(log) == events(0..<2))
        #expect(writer.lastSequence == 2)
    }

    @Test("a whole frame whose sync failed is written and synced again before anybody sees it")
    func wholeFrameAfterFailedSync() throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk).openWriter(of: .test)
        try writer.append(events(0..<2), firstSequence: 1)
        disk.fail(.sync, errno: MemoryDisk.inputOutput)
        #expect(throws: LogError.self) { try writer.append(events(2..<5), firstSequence: 3) }
        // The process restarts; the kernel's cache shows the frame, the medium never got it.
        disk.killProcess()
        let next = try makeLog(disk).openWriter(of: .test)
        #expect(next.lastSequence == 5)
        #expect(try readAll(makeLog(disk)) == events(0..<5))
        disk.losePower(.nothing)
        #expect(try makeLog(disk).openWriter(of: .test).lastSequence == 5)
        #expect(try readAll(makeLog(disk)) == events(0..<5))
    }

    @Test("a failed write poisons the writer, whatever of the frame was written", arguments: [0, 1, 95, 100])
    func failedWrite(written: Int) throws {
        let disk = MemoryDisk()
        let log = makeLog(disk)
        let writer = try log.openWriter(of: .test)
        try writer.append(events(0..<2), firstSequence: 1)
        disk.fail(.write, errno: MemoryDisk.inputOutput, partialBytes: written)
        for _ in 0..<2 {
            #expect(throws: LogError.syncFailed(topic: .test, file: Self.file, errno: MemoryDisk.inputOutput)) {
                try writer.append(events(2..<5), firstSequence: 3)
            }
        }
        #expect(try readAll(log) == events(0..<2))
        disk.killProcess()
        let next = try makeLog(disk).openWriter(of: .test)
        #expect(next.lastSequence == 2)
        try next.append(events(2..<5), firstSequence: 3)
        #expect(try readAll(log) == events(0..<5))
    }

    @Test(
        "a full disk fails the append whole, and the next one works once there is space",
        arguments: [0, 1, 95, 96, 100, 130, 400])
    func fullDisk(written: Int) throws {
        let disk = MemoryDisk()
        let log = makeLog(disk)
        let writer = try log.openWriter(of: .test)
        try writer.append(events(0..<2), firstSequence: 1)
        let reader = try log.openReader(of: .test, from: nil)
        #expect(try drain(reader) == events(0..<2))
        disk.fail(.write, errno: MemoryDisk.noSpace, partialBytes: written)
        #expect(throws: LogError.noSpace(topic: .test, file: Self.file)) {
            try writer.append(events(2..<12), firstSequence: 3)
        }
        #expect(writer.lastSequence == 2)
        #expect(try drain(reader).isEmpty)
        #expect(try log.verify(.test).faults == [])
        try writer.append(events(2..<3), firstSequence: 3)
        #expect(try drain(reader) == events(2..<3))
        writer.close()
        let again = try makeLog(disk).openWriter(of: .test)
        #expect(again.lastSequence == 3)
        #expect(disk.paths(in: "/data/log/test/quarantine").isEmpty, "nothing of the failed frame was left behind")
        #expect(try readAll(log) == events(0..<3))
    }

    @Test(
        "a full disk while a segment is made changes nothing, and the next append works",
        arguments: [MemoryDisk.Call.create, .allocate, .rename, .write])
    func fullDiskAtRoll(call: MemoryDisk.Call) throws {
        let disk = MemoryDisk()
        let log = makeLog(disk, segmentBytes: 1024)
        let writer = try log.openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        let reader = try log.openReader(of: .test, from: nil)
        _ = try drain(reader)
        for _ in 0..<3 {
            disk.fail(call, matching: ".segment", errno: MemoryDisk.noSpace)
            let error = #expect(throws: LogError.self) {
                try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
            }
            guard case .noSpace = error else {
                Issue.record("expected noSpace, got \(String(describing: error))")
                return
            }
            #expect(try drain(reader).isEmpty)
            #expect(try log.verify(.test).faults == [])
            #expect(!disk.paths(in: "/data/log/test").contains { $0.hasSuffix("being-made") })
        }
        let afterCrash = disk.copy()
        try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
        #expect(try drain(reader) == events(5..<8, bytes: 100))
        // The same, where the process ends before there is space again.
        afterCrash.killProcess()
        let next = try makeLog(afterCrash, segmentBytes: 1024).openWriter(of: .test)
        try next.append(events(5..<8, bytes: 100), firstSequence: 6)
        #expect(try readAll(makeLog(afterCrash)) == events(0..<8, bytes: 100))
    }

    @Test("a seal that finds no space is undone")
    func fullDiskAtSeal() throws {
        let disk = MemoryDisk()
        let log = makeLog(disk, segmentBytes: 1024)
        let writer = try log.openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        disk.fail(.write, matching: "00000000000000000000.segment", errno: MemoryDisk.noSpace, partialBytes: 60)
        #expect(throws: LogError.self) { try writer.append(events(5..<8, bytes: 100), firstSequence: 6) }
        #expect(try readAll(log) == events(0..<5, bytes: 100))
        try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
        #expect(try readAll(log) == events(0..<8, bytes: 100))
        #expect(try log.verify(.test).faults == [])
    }

    @Test("a sync that fails while a segment is made is as final as any other", arguments: [0, 1])
    func failedSyncAtRoll(after: Int) throws {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(events(0..<5, bytes: 100), firstSequence: 1)
        disk.fail(.sync, after: after, errno: MemoryDisk.inputOutput)
        for _ in 0..<2 {
            let error = #expect(throws: LogError.self) {
                try writer.append(events(5..<8, bytes: 100), firstSequence: 6)
            }
            guard case .syncFailed = error else {
                Issue.record("expected syncFailed, got \(String(describing: error))")
                return
            }
        }
        disk.losePower(.nothing)
        let next = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        #expect(next.lastSequence == 5)
    }

    @Test("an event that fits into no frame is refused with its sequence, and nothing of its batch is appended")
    func tooLarge() throws {
        let disk = MemoryDisk()
        let log = makeLog(disk, segmentBytes: 1024)
        let writer = try log.openWriter(of: .test)
        let limit = 1024 - 128 - 96 * 2 - 96 - 4
        #expect(throws: LogError.eventTooLarge(topic: .test, sequence: 3, bytes: limit + 1, limit: limit)) {
            try writer.append([event(0), event(1), event(2, bytes: limit + 1), event(3)], firstSequence: 1)
        }
        #expect(writer.lastSequence == 0)
        try writer.append([event(0, bytes: limit)], firstSequence: 1)
        #expect(try readAll(log) == [event(0, bytes: limit)])
    }

    @Test("a batch larger than a frame becomes several frames, none larger than a mebibyte")
    func largeBatch() throws {
        let disk = MemoryDisk()
        let log = makeLog(disk, segmentBytes: 4 << 20)
        let writer = try log.openWriter(of: .test)
        let large = (0..<40).map { [UInt8](repeating: UInt8($0), count: 60_000) }
        disk.clearJournal()
        try writer.append(large, firstSequence: 1)
        let writes = disk.journal.filter { $0.call == .write }
        #expect(writes.count == 3)
        #expect(writes.allSatisfy { $0.count <= 1 << 20 })
        #expect(try readAll(log) == large)
        #expect(try log.verify(.test).frames == 4)
    }

    // MARK: Readers

    @Test("a reader that meets a fault for a moment goes on where it stood", arguments: [MemoryDisk.Call.open, .read])
    func readerMeetsAFault(call: MemoryDisk.Call) throws {
        let disk = MemoryDisk()
        let log = makeLog(disk, segmentBytes: 1024)
        let writer = try log.openWriter(of: .test)
        for number in 0..<40 { try writer.append([event(number)], firstSequence: UInt64(number) + 1) }
        for after in 0..<25 {
            for start in [nil, Position(nextOffset: 17, token: [])] {
                let reader = try log.openReader(of: .test, from: start)
                disk.fail(call, matching: "test", after: after, errno: 24)
                var all: [[UInt8]] = []
                var failures = 0
                for _ in 0..<60 where all.count < 40 - Int(start?.nextOffset ?? 0) && failures < 3 {
                    let before = reader.position
                    do {
                        all += try reader.read(maximumEvents: 7, maximumBytes: 1 << 20).map { Array($0.bytes) }
                    } catch {
                        failures += 1
                        #expect(reader.position.nextOffset == before.nextOffset)
                    }
                }
                #expect(all == events(Int(start?.nextOffset ?? 0)..<40), "fault at call \(after)")
                #expect(failures <= 1)
                disk.heal()
            }
        }
    }

    @Test("bytes that were read before they were committed are never served")
    func staleBuffer() throws {
        // Two histories that part at the third frame.
        func history(_ last: [UInt8]) throws -> [String: [UInt8]] {
            let disk = MemoryDisk()
            let writer = try makeLog(disk).openWriter(of: .test)
            try writer.append(events(0..<2), firstSequence: 1)
            try writer.append([last], firstSequence: 3)
            return disk.image()
        }
        let before = try history(event(2))
        let after = try history(event(3))
        let disk = MemoryDisk.holding(before)
        let page = "/data/log/test/commit"
        var uncommitted = try #require(before[page])
        try #require(uncommitted.count > 16)
        uncommitted[16] = 2
        disk.put(uncommitted, at: page)
        let reader = try makeLog(disk).openReader(of: .test, from: nil)
        #expect(try drain(reader) == events(0..<2))
        for (path, bytes) in after { disk.put(bytes, at: path) }
        #expect(try drain(reader) == [event(3)])
    }
}

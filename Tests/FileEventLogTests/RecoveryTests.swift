import Contracts
import EventLog
import FileEventLog
import Testing

/// Three frames in one small segment, broken in every way there is: what comes back is a clean prefix that lacks at most
/// an un-acknowledged last frame, or an error that names the file.
@Suite("Recovery", .tags(.unit), .timeLimit(.minutes(5)))
struct RecoveryTests {
    private static let segment = "/data/log/test/00000000000000000000.segment"
    private static let page = "/data/log/test/commit"
    private static let all = events(0..<6)

    /// A crash after the third frame was written whole, before (`acknowledged` 4) or after (6) its sync.
    private static func image(acknowledged: UInt8) throws -> [String: [UInt8]] {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        for first in [0, 2, 4] { try writer.append(events(first..<first + 2), firstSequence: UInt64(first) + 1) }
        var image = disk.image()
        image[page]?[16] = acknowledged
        return image
    }

    /// Opens what was broken: readers first, as they may be first; then the owner; then readers again.
    private func attempt(_ image: [String: [UInt8]], acknowledged: Int, _ how: String) {
        let disk = MemoryDisk.holding(image)
        let log = makeLog(disk, segmentBytes: 1024)
        func named(_ error: any Error) {
            guard let error = error as? LogError else {
                Issue.record("\(how): \(error) is no LogError")
                return
            }
            switch error {
            case .corrupt(_, let file, _, _): #expect(file == Self.segment || file == Self.page, "\(how)")
            case .acknowledgedDataLost(.test, _, _, _), .unreadable(.test, Self.segment, _, _),
                .unreadable(.test, Self.page, _, _):
                break
            default: Issue.record("\(how): \(error)")
            }
        }
        do {
            let seen = try readAll(log)
            #expect(seen == Array(Self.all[..<seen.count]), "\(how): a reader was given a wrong event")
            #expect(seen.count <= acknowledged, "\(how): a reader saw an event before it was acknowledged")
        } catch { named(error) }
        do {
            let writer = try log.openWriter(of: .test)
            let found = try readAll(log)
            #expect(found == Array(Self.all[..<found.count]), "\(how): a wrong event")
            #expect(found.count >= acknowledged, "\(how): an acknowledged event is gone without an error")
            #expect([4, 6].contains(found.count), "\(how): less than the last frame was cut")
            #expect(Int(writer.lastSequence) == found.count)
            // What was taken away was kept.
            if found.count < 6, image[Self.segment]?.dropFirst(592).contains(where: { $0 != 0 }) ?? false {
                #expect(!disk.paths(in: "/data/log/test/quarantine").isEmpty, "\(how): no copy was kept")
            }
            try writer.append(Array(Self.all[found.count...]) + [event(6)], firstSequence: UInt64(found.count) + 1)
            #expect(try readAll(log) == Self.all + [event(6)], "\(how)")
            #expect(try log.verify(.test).faults == [], "\(how)")
        } catch { named(error) }
    }

    @Test("the layout these tests rely on: four frames, the last from byte 592 to 776")
    func layout() throws {
        let bytes = try #require(try Self.image(acknowledged: 6)[Self.segment])
        #expect(bytes.frameStarts == [128, 224, 408, 592])
        #expect(bytes.count == 1024)
        #expect(bytes[776...].allSatisfy { $0 == 0 })
    }

    @Test("cut at every byte", arguments: [UInt8(4), 6])
    func cut(acknowledged: UInt8) async throws {
        let image = try Self.image(acknowledged: acknowledged)
        for end in 0..<1024 {
            await Task.yield()
            var broken = image
            broken[Self.segment]?.removeSubrange(end...)
            attempt(broken, acknowledged: Int(acknowledged), "cut at byte \(end)")
        }
    }

    @Test("every bit of the segment flipped", arguments: [UInt8(4), 6])
    func flip(acknowledged: UInt8) async throws {
        let image = try Self.image(acknowledged: acknowledged)
        for bit in 0..<1024 * 8 where bit < 784 * 8 || bit % 8 == 0 {
            await Task.yield()  // other tests want the pool too
            var broken = image
            broken[Self.segment]?[bit / 8] ^= 1 << UInt8(bit % 8)
            attempt(broken, acknowledged: Int(acknowledged), "bit \(bit % 8) of byte \(bit / 8) flipped")
        }
    }

    @Test("every sector, and every run of 8 to 512 bytes, zeroed", arguments: [UInt8(4), 6])
    func zeroed(acknowledged: UInt8) throws {
        let image = try Self.image(acknowledged: acknowledged)
        for size in [8, 64, 184, 512] {
            for start in stride(from: 0, to: 1024, by: min(size, 64)) {
                var broken = image
                for byte in start..<min(start + size, 1024) { broken[Self.segment]?[byte] = 0 }
                attempt(broken, acknowledged: Int(acknowledged), "bytes \(start)..<\(start + size) zeroed")
            }
        }
    }

    @Test("every bit of the commit page's fields flipped")
    func flippedCommitPage() throws {
        let image = try Self.image(acknowledged: 6)
        for bit in 0..<64 * 8 {
            var broken = image
            broken[Self.page]?[bit / 8] ^= 1 << UInt8(bit % 8)
            let disk = MemoryDisk.holding(broken)
            let log = makeLog(disk, segmentBytes: 1024)
            do {
                let seen = try readAll(log)
                #expect(seen == Array(Self.all[..<seen.count]))
            } catch {
                #expect(error is LogError)
            }
            do {
                _ = try log.openWriter(of: .test)
                #expect(try readAll(log) == Self.all, "bit \(bit)")
            } catch {
                #expect(error is LogError)
            }
        }
    }

    @Test(
        "a commit page that is short or empty is refused; one that is missing is refused to readers and made anew by the owner"
    )
    func brokenCommitPage() throws {
        let image = try Self.image(acknowledged: 6)
        for count in [0, 8, 48, 4095] {
            var broken = image
            broken[Self.page] = Array(image[Self.page]?[..<count] ?? [])
            let log = makeLog(MemoryDisk.holding(broken))
            #expect(throws: LogError.self) { try readAll(log) }
            #expect(throws: LogError.self) { try log.openWriter(of: .test) }
        }
        var broken = image
        broken[Self.page] = nil
        let log = makeLog(MemoryDisk.holding(broken))
        let error = #expect(throws: LogError.self) { try readAll(log) }
        #expect(error?.place?.file == Self.page)
        let writer = try log.openWriter(of: .test)
        #expect(writer.lastSequence == 6)
        #expect(try readAll(log) == Self.all)
    }

    @Test("a position from before the commit page was lost still resumes")
    func positionOutlivesCommitPage() throws {
        let disk = MemoryDisk.holding(try Self.image(acknowledged: 6))
        let reader = try makeLog(disk).openReader(of: .test, from: nil)
        _ = try reader.read(maximumEvents: 3, maximumBytes: 1000)
        disk.put(nil, at: Self.page)
        disk.killProcess()
        _ = try makeLog(disk, seed: 5).openWriter(of: .test)
        #expect(try readAll(makeLog(disk), from: reader.position) == Array(Self.all[3...]))
    }

    @Test("a torn last frame is copied to quarantine, zeroed and cut off, synced before anything follows")
    func quarantine() throws {
        var image = try Self.image(acknowledged: 4)
        let whole = try #require(image[Self.segment])
        for byte in 700..<776 { image[Self.segment]?[byte] = 0 }
        let torn = Array(try #require(image[Self.segment])[592..<700])
        let disk = MemoryDisk.holding(image)
        let writer = try makeLog(disk).openWriter(of: .test)
        let copies = disk.paths(in: "/data/log/test/quarantine")
        try #require(copies.count > 0)
        #expect(copies == ["/data/log/test/quarantine/0-at-592-0"])
        #expect(disk.contents(copies[0]).map { Array($0) } == torn)
        #expect(disk.contents(Self.segment)?[..<592] == whole[..<592])
        #expect(
            disk.contents(Self.segment)?[688...].allSatisfy { $0 == 0 } == true, "only the opening frame stands there")
        let calls = disk.journal.filter { $0.call == .write || $0.call == .sync }
        try #require(calls.count > 2)
        #expect(calls.map(\.call).prefix(4) == [.write, .sync, .write, .sync])
        #expect(calls[0].path == copies[0] && calls[2].path == Self.segment && calls[2].offset == 592)
        #expect(writer.lastSequence == 4)
        // Torn at the same byte again: the first copy stays.
        disk.put(image[Self.segment], at: Self.segment)
        disk.killProcess()
        _ = try makeLog(disk).openWriter(of: .test)
        #expect(disk.paths(in: "/data/log/test/quarantine").count == 2)
    }

    @Test("the last frame is written again and synced before the next one is written")
    func oneFrameInFlight() throws {
        let disk = MemoryDisk.holding(try Self.image(acknowledged: 4))
        let writer = try makeLog(disk).openWriter(of: .test)
        let calls = disk.journal.filter { $0.path == Self.segment || $0.call == .publish }
        #expect(calls.map(\.call) == [.write, .sync, .write, .sync, .publish])
        #expect(calls.map(\.offset) == [592, 0, 776, 0, 6])
        #expect(writer.lastSequence == 6)
    }

    @Test("frames swapped, repeated, removed, or after the end of another history are refused")
    func rearranged() throws {
        let image = try Self.image(acknowledged: 6)
        let whole = try #require(image[Self.segment])
        let frames = [
            Array(whole[128..<224]), Array(whole[224..<408]), Array(whole[408..<592]), Array(whole[592..<776]),
        ]
        let orders = [
            [0, 2, 1, 3], [0, 1, 1, 2, 3], [0, 1, 3], [1, 2, 3], [0, 1, 2, 3, 3], [0, 0, 1, 2, 3], [0, 1, 2, 3, 0],
            [3, 2, 1, 0],
        ]
        for order in orders {
            var broken = image
            let body = order.flatMap { frames[$0] }
            broken[Self.segment] = Array(whole[..<128]) + body + [UInt8](repeating: 0, count: 1200 - 128 - body.count)
            let log = makeLog(MemoryDisk.holding(broken))
            #expect(throws: LogError.self, "\(order)") { try log.openWriter(of: .test) }
            #expect(try log.verify(.test).faults.first?.place?.file == Self.segment, "\(order)")
        }
    }

    @Test(
        "an unknown version, kind, flag or reserved field is refused, not skipped, even in an un-acknowledged last frame",
        arguments: [16: UInt8(2), 17: 3, 18: 1, 19: 128, 36: 1, 39: 1].sorted { $0.key < $1.key }.map {
            [$0.key, Int($0.value)]
        })
    func unknown(change: [Int]) throws {
        for (acknowledged, frame) in [(UInt8(4), 592), (6, 592), (6, 224)] {
            var image = try Self.image(acknowledged: acknowledged)
            image[Self.segment]?[frame + change[0]] = UInt8(change[1])
            image[Self.segment]?.mendFrame(at: frame)
            let log = makeLog(MemoryDisk.holding(image))
            let error = #expect(throws: LogError.self) { try log.openWriter(of: .test) }
            #expect(error?.place?.file == Self.segment)
            #expect(error?.place?.byte == UInt64(frame))
            if acknowledged == 6 { #expect(throws: LogError.self) { try readAll(log) } }
            #expect(try log.verify(.test).faults.first?.place?.byte == UInt64(frame))
        }
    }

    @Test("fields that contradict each other under right checksums are refused")
    func contradictions() throws {
        // length, event count, offset, epoch, time, sequence, hash, and the length of the first event
        for (byte, value) in [
            (4, 0xFF), (5, 0x40), (20, 9), (23, 0xFF), (24, 5), (31, 0xFF), (32, 0), (46, 0), (56, 9), (63, 0xFF),
            (64, 0), (99, 0xFF),
        ] {
            var image = try Self.image(acknowledged: 6)
            image[Self.segment]?[592 + byte] ^= UInt8(value == 0 ? 1 : value)
            if byte == 46 { image[Self.segment]?[592 + 46] = 0 }
            image[Self.segment]?.mendFrame(at: 592)
            let log = makeLog(MemoryDisk.holding(image))
            let seen = #expect(throws: LogError.self, "byte \(byte)") {
                try log.verify(.test).faults.first.map { throw $0 }
            }
            #expect(seen?.place?.file == Self.segment, "byte \(byte)")
            do {
                let read = try readAll(log)
                #expect(read == Self.all, "byte \(byte)")
            } catch {
                #expect(error is LogError)
            }
        }
    }

    @Test("an unknown segment version or a reserved field in its header is refused", arguments: [8, 96, 127])
    func unknownHeader(byte: Int) throws {
        var image = try Self.image(acknowledged: 6)
        image[Self.segment]?[byte] = 7
        image[Self.segment]?.mendSegmentHeader()
        let log = makeLog(MemoryDisk.holding(image))
        let error = #expect(throws: LogError.self) { try log.openWriter(of: .test) }
        #expect(error?.place?.file == Self.segment)
        #expect(throws: LogError.self) { try readAll(log) }
    }
}

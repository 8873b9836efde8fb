import Contracts
import EventLog
import FileEventLog
import Testing

/// Several segments, and what can go wrong between them.
@Suite("Damage across segments", .tags(.unit), .timeLimit(.minutes(5)))
struct DamageTests {
    private static let all = events(0..<30, bytes: 90)

    private static func image(_ topic: Topic = .test, seed: UInt64 = 1) throws -> [String: [UInt8]] {
        let disk = MemoryDisk()
        let writer = try makeLog(disk, segmentBytes: 1024, seed: seed).openWriter(of: topic)
        for number in 0..<30 { try writer.append([all[number]], firstSequence: UInt64(number) + 1) }
        return disk.image()
    }

    private static func segments(_ image: [String: [UInt8]]) -> [String] {
        image.keys.filter { $0.hasSuffix(".segment") }.sorted()
    }

    private func log(_ image: [String: [UInt8]]) -> FileEventLog {
        makeLog(MemoryDisk.holding(image), segmentBytes: 1024)
    }

    @Test("a missing segment stops the writer, readers and verify, whichever it is")
    func missing() throws {
        let image = try Self.image()
        let segments = Self.segments(image)
        try #require(segments.count > 0)
        #expect(segments.count > 4)
        for segment in segments {
            var broken = image
            broken[segment] = nil
            #expect(throws: LogError.self, "\(segment)") { try log(broken).openWriter(of: .test) }
            #expect(throws: LogError.self, "\(segment)") { try readAll(log(broken)) }
            #expect(try log(broken).verify(.test).faults.count == 1, "\(segment)")
        }
        var broken = image
        for segment in segments { broken[segment] = nil }
        let error = #expect(throws: LogError.self) { try log(broken).openWriter(of: .test) }
        #expect(error?.place?.file == segments[0])
        #expect(throws: LogError.self) { try readAll(log(broken)) }
        #expect(try log(broken).verify(.test).faults.count == 1)
    }

    @Test("a changed byte of the commit page is found, wherever it lies, but in the wake word")
    func commitPage() throws {
        let image = try Self.image()
        let path = "/data/log/test/commit"
        let page = try #require(image[path])
        for byte in page.indices where !(12..<16).contains(byte) {
            var broken = image
            // Offset and epoch upwards: a page may be older than the log, after a loss of power.
            broken[path]?[byte] = (16..<28).contains(byte) ? page[byte] | 0x80 : page[byte] ^ 0x80
            let finding = try log(broken).verify(.test)
            #expect(finding.faults.count == 1, "byte \(byte)")
        }
    }

    @Test("segments that changed places are refused")
    func swapped() throws {
        let image = try Self.image()
        let segments = Self.segments(image)
        for (one, other) in [(0, 1), (1, 2), (1, segments.count - 1)] {
            var broken = image
            broken[segments[one]] = image[segments[other]]
            broken[segments[other]] = image[segments[one]]
            #expect(throws: LogError.self) { try log(broken).openWriter(of: .test) }
            #expect(throws: LogError.self) { try readAll(log(broken)) }
            #expect(try log(broken).verify(.test).faults.first?.place?.file == segments[one])
        }
    }

    @Test("a segment of another topic, or of another history of this one, is refused")
    func foreign() throws {
        let image = try Self.image()
        let segments = Self.segments(image)
        let otherTopic = try Self.image(seed: 99)
        let otherHistory: [String: [UInt8]] = try {
            let disk = MemoryDisk()
            let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
            for number in 0..<30 {
                try writer.append([event(number + 500, bytes: 90)], firstSequence: UInt64(number) + 1)
            }
            return disk.image()
        }()
        for other in [otherTopic, otherHistory] {
            #expect(Self.segments(other) == segments)
            for segment in segments where segment != segments.last {
                var broken = image
                broken[segment] = other[segment]
                #expect(throws: LogError.self, "\(segment)") { try log(broken).openWriter(of: .test) }
                #expect(throws: LogError.self, "\(segment)") { try readAll(log(broken)) }
                #expect(try log(broken).verify(.test).faults.count == 1, "\(segment)")
            }
            var broken = image
            for segment in segments { broken[segment] = other[segment] }
            if other == otherTopic {
                #expect(throws: LogError.self) { try log(broken).openWriter(of: .test) }
                #expect(throws: LogError.self) { try readAll(log(broken)) }
            }
        }
    }

    @Test("a sealed segment that was changed is found by readers and by verify, with file and byte")
    func changedSealed() throws {
        let image = try Self.image()
        let second = Self.segments(image)[1]
        let bytes = try #require(image[second])
        let frame = bytes.frameStarts[1]
        for byte in [frame, frame + 4, frame + 30, frame + 70, frame + 100] {
            var broken = image
            broken[second]?[byte] ^= 4
            let error = #expect(throws: LogError.self) { try readAll(log(broken)) }
            #expect(error?.place?.file == second)
            #expect(error?.place?.byte == UInt64(frame))
            let fault = try log(broken).verify(.test).faults.first
            #expect(fault?.place?.file == second)
            #expect(fault?.place?.byte == UInt64(frame))
        }
        // Changed with care: the frame checks out, the one behind it does not.
        var broken = image
        broken[second]?[frame + 100] ^= 4
        broken[second]?.mendFrame(at: frame)
        let error = #expect(throws: LogError.self) { try readAll(log(broken)) }
        #expect(error?.place?.byte == UInt64(bytes.frameStarts[2]))
        #expect(try log(broken).verify(.test).faults.first?.place?.byte == UInt64(bytes.frameStarts[2]))
    }

    @Test("a fault does not go away by reading again, and nothing behind it is served")
    func faultStays() throws {
        let image = try Self.image()
        let segments = Self.segments(image)
        try #require(segments.count > 2)
        var broken = image
        // The third segment is exchanged for one with another chain: the joint in front of it is where it shows.
        broken[segments[2]]?[70] ^= 1
        broken[segments[2]]?.mendSegmentHeader()
        let reader = try log(broken).openReader(of: .test, from: nil)
        var seen: [[UInt8]] = []
        var failures = 0
        for _ in 0..<50 where failures < 5 {
            do { seen += try reader.read(maximumEvents: 100, maximumBytes: 1 << 20).map { Array($0.bytes) } } catch {
                failures += 1
            }
        }
        #expect(failures == 5)
        let before = try #require(UInt64(segments[2].split(separator: "/").last?.prefix(20) ?? ""))
        #expect(seen == Array(Self.all[..<Int(before)]))
    }

    @Test("anything behind a seal is refused by verify, a frame and bytes alike")
    func behindTheSeal() throws {
        let image = try Self.image()
        let first = Self.segments(image)[0]
        let bytes = try #require(image[first])
        let end = try #require(bytes.frameStarts.last) + 96
        var withByte = image
        withByte[first] = bytes + [1]
        #expect(try log(withByte).verify(.test).faults.first?.place?.byte == UInt64(end))
        var withFrame = image
        let frame = Array(bytes[bytes.frameStarts[0]..<bytes.frameStarts[1]])
        withFrame[first] = Array(bytes[..<end]) + frame
        #expect(try log(withFrame).verify(.test).faults.first?.place?.byte == UInt64(end))
        // A last segment that is sealed, with something behind the seal: the writer refuses too.
        var onlyFirst: [String: [UInt8]] = [:]
        onlyFirst["/data/log/test/commit"] = image["/data/log/test/commit"]
        onlyFirst["/data/log/test/commit"]?[16] = 0
        onlyFirst[first] = withFrame[first]
        #expect(throws: LogError.self) { try log(onlyFirst).openWriter(of: .test) }
        onlyFirst[first] = withByte[first]
        #expect(throws: LogError.self) { try log(onlyFirst).openWriter(of: .test) }
    }

    @Test("a crash between the seal and the next segment's name goes on behind the seal")
    func sealedLastSegment() throws {
        let image = try Self.image()
        let segments = Self.segments(image)
        try #require(segments.count > 1)
        var crashed: [String: [UInt8]] = [:]
        let next = Int(try #require(UInt64(segments[1].split(separator: "/").last?.prefix(20) ?? "")))
        crashed[segments[0]] = image[segments[0]]
        crashed["/data/log/test/commit"] = image["/data/log/test/commit"]
        crashed["/data/log/test/commit"]?[16] = UInt8(next)
        crashed[segments[1] + ".segment-being-made"] = [1, 2, 3]
        let disk = MemoryDisk.holding(crashed)
        let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
        try writer.append(Array(Self.all[next...]), firstSequence: UInt64(next) + 1)
        #expect(try readAll(makeLog(disk)) == Self.all)
        #expect(try makeLog(disk).verify(.test).faults == [])
        #expect(!disk.paths(in: "/data/log/test").contains { $0.hasSuffix("being-made") })
    }

    @Test("a crash while a topic is created leaves a topic that can be created", arguments: [true, false])
    func crashAtCreation(commitPageIsThere: Bool) throws {
        let disk = MemoryDisk()
        disk.fail(.create, matching: commitPageIsThere ? "segment" : "commit", errno: MemoryDisk.inputOutput)
        #expect(throws: LogError.self) { try makeLog(disk).openWriter(of: .test) }
        disk.losePower(.everything)
        #expect(disk.exists("/data/log/test/commit") == commitPageIsThere)
        #expect(try readAll(makeLog(disk)).isEmpty, "readers see an empty topic, no fault")
        if commitPageIsThere { #expect(try makeLog(disk).verify(.test).faults == []) }
        let writer = try makeLog(disk, seed: 4).openWriter(of: .test)
        try writer.append(events(0..<2), firstSequence: 1)
        #expect(try readAll(makeLog(disk)) == events(0..<2))
    }

    // MARK: Positions

    @Test("a position of another log, of another history, or one that is no position is refused")
    func foreignPositions() throws {
        let image = try Self.image()
        let reader = try log(image).openReader(of: .test, from: nil)
        _ = try reader.read(maximumEvents: 12, maximumBytes: 1 << 20)
        let position = reader.position
        func refused(_ image: [String: [UInt8]], _ position: Position, _ how: String) {
            let error = #expect(throws: LogError.self, "\(how)") { try readAll(log(image), from: position) }
            switch error {
            case .foreignPosition, .corrupt: break
            default: Issue.record("\(how): \(String(describing: error))")
            }
        }
        refused(try Self.image(seed: 99), position, "another log")
        let rewritten: [String: [UInt8]] = try {
            let disk = MemoryDisk()
            let writer = try makeLog(disk, segmentBytes: 1024).openWriter(of: .test)
            for number in 0..<30 {
                try writer.append([event(number == 3 ? 500 : number, bytes: 90)], firstSequence: UInt64(number) + 1)
            }
            return disk.image()
        }()
        refused(rewritten, position, "another history")
        for index in position.token.indices {
            var token = position.token
            token[index] ^= 0x90
            refused(
                image, Position(nextOffset: position.nextOffset, token: token), "byte \(index) of the token changed")
        }
        refused(image, Position(nextOffset: 12, token: [1, 2, 3]), "no token")
        refused(image, Position(nextOffset: 25, token: position.token), "another offset")
        refused(image, Position(nextOffset: 2, token: position.token), "an offset before")
        #expect(try readAll(log(image), from: position) == Array(Self.all[12...]))
    }

    @Test("a bare offset finds its place in any segment")
    func bareOffsets() throws {
        let log = log(try Self.image())
        for offset in 0...30 {
            #expect(
                try readAll(log, from: Position(nextOffset: UInt64(offset), token: [])) == Array(Self.all[offset...]))
        }
    }
}

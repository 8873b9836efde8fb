import Contracts
import EventLog
import FileEventLog
import Foundation
import LogFormat
import Testing
import TestSupport

/// docs/reference/log-format.md, held by a second reader that knows only that page (`log_reader.py`) and by golden files.
@Suite("The format on disk", .tags(.unit), .timeLimit(.minutes(5)))
struct FormatTests {
    private static let here = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    private static let golden = here.appending(path: "../../Fixtures/log/golden").standardizedFileURL.path
    private static let script = here.appending(path: "log_reader.py").path

    /// Real envelopes, with every optional attribute, text beyond ASCII and data of many sizes.
    private static func envelopes(_ count: Int) throws -> [Envelope] {
        var random = SeededRandom(seed: 12)
        func id<Owner>() -> Identifier<Owner> { Identifier(high: random.next(), low: random.next()) }
        return (0..<count).map { number -> Envelope in
            let note = String(repeating: "é", count: random.below(90))
            let causationID: EventID? = number % 2 == 0 ? nil : id()
            let twinOf: EventID? = number % 5 == 0 ? id() : nil
            let traceparent = number % 4 == 0 ? "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01" : nil
            let microseconds = Int64(number) * 1_000_003 - 5
            return Envelope(
                id: id(), source: "/stampede/order", type: "v1.OrderCreated",
                subject: number % 3 == 0 ? "Größe \(number) 😀" : "s", time: Timestamp(microseconds: microseconds),
                correlationID: id(), causationID: causationID, twinOf: twinOf, traceparent: traceparent,
                data: Array("{\"note\":\"\(note)\",\"number\":\(number)}".utf8))
        }
    }

    private struct Line: Encodable {
        var offset: UInt64
        var sequence: UInt64
        var epoch: UInt32
        var appended: Int64
        var event: [String: Value]

        enum Value: Encodable {
            case text(String)
            case number(Int64)

            func encode(to encoder: any Encoder) throws {
                var container = encoder.singleValueContainer()
                switch self {
                case .text(let text): try container.encode(text)
                case .number(let number): try container.encode(number)
                }
            }
        }
    }

    /// What the second reader must print for what the first one reads. Epoch and time stand in frames, so they are given.
    private static func line(_ logged: LoggedEvent, epoch: UInt32, appended: Int64) throws -> String {
        let envelope = try EventCoding.decode(logged.bytes)
        var event: [String: Line.Value] = [
            "id": .text("\(envelope.id)"), "correlationid": .text("\(envelope.correlationID)"),
            "source": .text(envelope.source),
            "type": .text(envelope.type), "subject": .text(envelope.subject),
            "time": .number(envelope.time.microseconds),
            "data": .text(String(decoding: envelope.data, as: UTF8.self)),
        ]
        if let id = envelope.causationID { event["causationid"] = .text("\(id)") }
        if let id = envelope.twinOf { event["twinof"] = .text("\(id)") }
        if let text = envelope.traceparent { event["traceparent"] = .text(text) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let line = Line(
            offset: logged.offset, sequence: logged.offset + 1, epoch: epoch, appended: appended, event: event)
        return String(decoding: try encoder.encode(line), as: UTF8.self) + "\n"
    }

    /// Ten events in three segments, by two writers.
    private static func writeGolden(_ disk: any Disk, _ directory: String) throws {
        let clock = TestClock()
        let bytes = try envelopes(10).map { try EventCoding.encode($0) }
        for range in [0..<4, 4..<10] {
            let writer = try makeLog(disk, directory: directory, segmentBytes: 2048, clock: clock, seed: 42).openWriter(
                of: .orders)
            for first in stride(from: range.lowerBound, to: range.upperBound, by: 2) {
                try writer.append(Array(bytes[first..<first + 2]), firstSequence: UInt64(first) + 1)
            }
            writer.close()
        }
    }

    @Test("the writer still writes the golden files, byte for byte")
    func goldenFiles() throws {
        let disk = MemoryDisk()
        try Self.writeGolden(disk, "/data/log")
        let image = disk.image()
        if ProcessInfo.processInfo.environment["STAMPEDE_WRITE_GOLDEN"] != nil {
            try FileManager.default.createDirectory(atPath: Self.golden + "/orders", withIntermediateDirectories: true)
            for (path, bytes) in image {
                try Data(bytes).write(to: URL(fileURLWithPath: Self.golden + path.dropFirst("/data/log".count)))
            }
        }
        let names = try FileManager.default.contentsOfDirectory(atPath: Self.golden + "/orders").filter {
            $0 != "expected.jsonl"
        }
        #expect(
            Set(names.map { "/data/log/orders/" + $0 }) == Set(image.keys),
            "run with STAMPEDE_WRITE_GOLDEN=1 to make them anew")
        for name in names {
            let kept = [UInt8](try Data(contentsOf: URL(fileURLWithPath: Self.golden + "/orders/" + name)))
            #expect(kept == image["/data/log/orders/" + name], "\(name) changed: the format did")
        }
    }

    @Test("the golden files read as they always did")
    func goldenEvents() throws {
        let log = makeLog(PosixDisk(), directory: Self.golden)
        let reader = try log.openReader(of: .orders, from: nil)
        let events = try reader.read(maximumEvents: 100, maximumBytes: 1 << 20)
        #expect(try events.map { try EventCoding.decode($0.bytes) } == Self.envelopes(10))
        let finding = try log.verify(.orders)
        #expect(finding.faults == [])
        #expect(finding.segments == 3)
        #expect(finding.head.description == "e22912b5a4ddd16dfaada1fc3aa1412c91ca07c71ee93a0dea84b4715203108d")
    }

    @Test("the second reader reads the golden files to the same lines", .enabled(if: Python.isThere, "no python3"))
    func goldenByPython() throws {
        let printed = try Python.start([Self.script, Self.golden + "/orders"]).finish()
        #expect(printed.status == 0)
        let expected = Self.golden + "/orders/expected.jsonl"
        if ProcessInfo.processInfo.environment["STAMPEDE_WRITE_GOLDEN"] != nil {
            try printed.output.write(toFile: expected, atomically: true, encoding: .utf8)
        }
        #expect(try printed.output == String(contentsOfFile: expected, encoding: .utf8))
    }

    @Test(
        "the second reader prints, byte for byte, what the first one reads of a log just written",
        .enabled(if: Python.isThere, "no python3"))
    func sameByPython() throws {
        let directory = try TemporaryDirectory()
        let clock = TestClock()
        var expected = ""
        let bytes = try Self.envelopes(120).map { try EventCoding.encode($0) }
        var random = SeededRandom(seed: 5)
        var next = 0
        var epoch: UInt32 = 0
        while next < bytes.count {
            let log = makeLog(PosixDisk(), directory: directory.path, segmentBytes: 4096, clock: clock)
            let writer = try log.openWriter(of: .orders)
            epoch += 1
            for _ in 0..<8 where next < bytes.count {
                let end = min(next + 1 + random.below(5), bytes.count)
                try writer.append(Array(bytes[next..<end]), firstSequence: UInt64(next) + 1)
                let reader = try log.openReader(of: .orders, from: Position(nextOffset: UInt64(next), token: []))
                let appended = clock.now().microseconds - 1
                for event in try reader.read(maximumEvents: 100, maximumBytes: 1 << 20) {
                    expected += try Self.line(event, epoch: epoch, appended: appended)
                }
                next = end
            }
            writer.close()
        }
        let printed = try Python.start([Self.script, directory.path + "/orders"]).finish()
        #expect(printed.status == 0)
        #expect(printed.output == expected)
        #expect(printed.output.split(separator: "\n").count == 120)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: directory.path + "/orders").count > 5,
            "several segments")
    }

    @Test(
        "the second reader knows indexes and the start record, and reads on where the beginning was archived",
        .enabled(if: Python.isThere, "no python3"))
    func archiveByPython() throws {
        let directory = try TemporaryDirectory()
        let path = directory.path + "/log"
        let writer = try makeLog(PosixDisk(), directory: path, segmentBytes: 256 << 10).openWriter(of: .test)
        let all = events(0..<4000, bytes: 180)
        for first in stride(from: 0, to: all.count, by: 40) {
            try writer.append(Array(all[first..<first + 40]), firstSequence: UInt64(first) + 1)
        }
        let archiver = LogArchiver(
            topic: .test, logDirectory: path, archiveDirectory: directory.path + "/archive", disk: PosixDisk())
        let plan = try archiver.plan(below: 2000)
        try archiver.run(plan)
        #expect(plan.firstAfterwards > 0)
        let indexes = try FileManager.default.contentsOfDirectory(atPath: path + "/test").filter {
            $0.hasSuffix(".index")
        }
        try #require(indexes.count > 0)
        #expect(!indexes.isEmpty)
        let printed = try Python.start([Self.script, path + "/test", "--raw"]).finish()
        #expect(printed.status == 0, "\(printed.output.suffix(300))")
        let lines = printed.output.split(separator: "\n")
        #expect(lines.count == all.count - Int(plan.firstAfterwards))
        #expect(lines.first?.contains("\"offset\":\(plan.firstAfterwards),") == true)

        // It does look at them: one bit of an index, and of the start record.
        for name in [indexes[0], "start"] {
            let url = URL(fileURLWithPath: path + "/test/" + name)
            let good = try Data(contentsOf: url)
            var bad = good
            try #require(bad.count > 40)
            bad[40] ^= 1
            try bad.write(to: url)
            #expect(try Python.start([Self.script, path + "/test", "--raw"]).finish().status != 0, "\(name)")
            try good.write(to: url)
        }
    }

    @Test("both readers refuse the same broken files, at the same byte", .enabled(if: Python.isThere, "no python3"))
    func sameRefusals() throws {
        let disk = MemoryDisk()
        try Self.writeGolden(disk, "/data/log")
        let image = disk.image()
        let name = "00000000000000000000.segment"
        let path = "/data/log/orders/" + name
        let whole = try #require(image[path])
        let directory = try TemporaryDirectory()
        try FileManager.default.createDirectory(atPath: directory.path + "/orders", withIntermediateDirectories: true)
        for frame in whole.frameStarts.dropFirst() {
            for change in [2, 5, 9, 18, 30, 66, 130]
            where frame + change < whole.count && (change < 96 || whole.word(frame + 4) > 140) {
                var broken = image
                broken[path]?[frame + change] ^= 2
                for (path, bytes) in broken {
                    try Data(bytes).write(to: URL(fileURLWithPath: directory.path + path.dropFirst("/data/log".count)))
                }
                let error = #expect(throws: LogError.self) { try readAll(makeLog(MemoryDisk.holding(broken)), .orders) }
                let printed = try Python.start([Self.script, directory.path + "/orders"]).finish()
                #expect(printed.status != 0)
                let place = try #require(error?.place)
                #expect(
                    printed.output.contains("\(name): byte \(place.byte): "),
                    "\(frame)+\(change): \(printed.output.suffix(200))")
            }
        }
    }
}

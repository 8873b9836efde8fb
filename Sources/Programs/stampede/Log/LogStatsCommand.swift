import ArgumentParser
import Contracts
import FileEventLog

/// What each topic is made of.
struct LogStatsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stats", abstract: "Show what each topic is made of: segments, frames, events, bytes.",
        discussion: """
            Reads the headers of the frames, not the events; 'log verify' reads and checks everything.
            Exit codes: 0 shown, 1 there is no log or it cannot be read.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Show this topic only; may be given several times.")
    var topic: [String] = []

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        let topics = try logbook.topics(named: topic)
        let all = try concurrently(topics) { try logbook.statistics(of: $0) }
        let output = Output()
        if common.json {
            output.line(try JSONValue.object(["topics": .array(all.map(Self.json))]).document())
        } else {
            output.lines(Self.table(all).lines(width: output.width, style: output.style))
        }
        output.flush()
    }

    private static func table(_ all: [LogStatistics]) -> Table {
        var table = Table([
            .init(title: "TOPIC"), .init(title: "FIRST", alignment: .right),
            .init(title: "END", alignment: .right), .init(title: "SEGMENTS", alignment: .right),
            .init(title: "ARCHIVED", alignment: .right),
            .init(title: "EVENTS/FRAME", stacked: ["EVENTS", "/FRAME"], alignment: .right),
            .init(title: "BYTES/EVENT", stacked: ["BYTES", "/EVENT"], alignment: .right),
            .init(title: "OVERHEAD", alignment: .right),
            .init(title: "USED", alignment: .right),
        ])
        for topic in all {
            table.add([
                .init(topic.topic.name), .init(Words.count(topic.firstOffset)), .init(Words.count(topic.nextOffset)),
                .init(Words.count(topic.segments)), .init(Words.count(topic.archivedSegments)),
                .init(topic.eventsPerFrame.map(tenths) ?? "-"),
                .init(topic.events > 0 ? Words.count(topic.eventBytes / topic.events) : "-"),
                .init(topic.overhead.map { tenths($0 * 100) + " %" } ?? "-"),
                .init(Words.bytes(Int64(clamping: topic.bytesUsed))),
            ])
        }
        return table
    }

    private static func tenths(_ value: Double) -> String {
        let tenths = Int64((value * 10).rounded())
        return "\(Words.count(tenths / 10)).\(tenths % 10)"
    }

    private static func json(_ topic: LogStatistics) -> JSONValue {
        .object([
            "topic": .string(topic.topic.name), "firstOffset": JSONValue(topic.firstOffset),
            "end": JSONValue(topic.nextOffset), "segments": JSONValue(topic.segments),
            "archivedSegments": JSONValue(topic.archivedSegments), "indexesMissing": JSONValue(topic.indexesMissing),
            "frames": JSONValue(topic.frames), "controlFrames": JSONValue(topic.controlFrames),
            "events": JSONValue(topic.events), "eventBytes": JSONValue(topic.eventBytes),
            "bytesUsed": JSONValue(topic.bytesUsed), "bytesOnDisk": JSONValue(topic.bytesOnDisk),
            "largestFrameBytes": JSONValue(topic.largestFrame), "epoch": JSONValue(topic.epoch),
            "firstAppend": JSONValue(topic.firstAppend), "lastAppend": JSONValue(topic.lastAppend),
        ])
    }
}

extension LogStatistics {
    fileprivate var eventsPerFrame: Double? {
        let full = frames - controlFrames
        return full > 0 ? Double(events) / Double(full) : nil
    }

    /// Share of the bytes used that is not events.
    fileprivate var overhead: Double? {
        bytesUsed > 0 ? 1 - Double(eventBytes) / Double(bytesUsed) : nil
    }
}

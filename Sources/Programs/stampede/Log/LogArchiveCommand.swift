import ArgumentParser
import CommandArguments
import Contracts
import EventLog
import FileEventLog
import LogFormat

/// Moves segments that nobody needs any more out of the log.
struct LogArchiveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "archive", abstract: "Move old segments to the archive, below every consumer's position.",
        discussion: """
            Moves, deletes nothing: whole sealed segments go to DATA/archive/TOPIC, where audit, rebuild, 'tail' and \
            'order' go on reading them. Services may run meanwhile. Killed at any point, it can be run again.
            Exit codes: 0 done, 1 a consumer has not passed, or a segment cannot be moved.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Archive this topic only; may be given several times.")
    var topic: [String] = []

    @Option(
        within: 0...UInt64(Int64.max),
        help: "Archive events below this offset of the one topic given; without it, all that can go.")
    var before: UInt64?

    @Flag(help: "Say what would be moved, and move nothing.")
    var plan = false

    func validate() throws {
        guard before == nil || topic.count == 1 else { throw ValidationError("--before needs exactly one --topic") }
    }

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        let consumers = try Consumers(common.directory, logbook)
        var moves: [Move] = []
        for topic in try logbook.topics(named: topic) {
            moves.append(try move(topic, logbook, try consumers.passed(topic)))
        }
        if !plan {
            for move in moves { try archiver(move.topic).run(move.plan) }
        }
        print(moves)
    }

    private struct Move {
        let topic: Topic
        let plan: LogArchiver.Plan
        /// Who keeps the next segment in the log; nil where only the writer does.
        let holder: Consumers.Reader?
    }

    private func archiver(_ topic: Topic) -> LogArchiver {
        LogArchiver(topic: topic, logDirectory: common.directory.log, archiveDirectory: common.directory.archive)
    }

    private func move(_ topic: Topic, _ logbook: Logbook, _ slowest: Consumers.Reader?) throws -> Move {
        let end = try logbook.end(of: topic)
        if let before {
            guard before <= end else {
                throw ValidationError("--before \(before): topic \(topic) ends at offset \(end)")
            }
            let wanted = try archiver(topic).plan(below: before)
            if let slowest, slowest.segment < wanted.firstAfterwards {
                throw Failure.notPassed(
                    topic: topic.name, service: slowest.service.rawValue, offset: slowest.offset,
                    wanted: wanted.firstAfterwards)
            }
            return Move(topic: topic, plan: wanted, holder: nil)
        }
        let possible = try archiver(topic).plan(below: slowest?.segment ?? end)
        return Move(topic: topic, plan: possible, holder: slowest)
    }

    private func print(_ moves: [Move]) {
        let output = Output()
        if common.json {
            let json = JSONValue.object([
                "moved": .bool(!plan),
                "topics": .array(
                    moves.map { move in
                        .object([
                            "topic": .string(move.topic.name), "firstOffset": JSONValue(move.plan.firstAfterwards),
                            "segments": JSONValue(move.plan.segments.count),
                            "heldBy": JSONValue(move.holder?.service.rawValue),
                        ])
                    }),
            ])
            output.line((try? json.document()) ?? "{}")  // plain values always encode
        } else {
            var table = Table([
                .init(title: "TOPIC"),
                .init(title: plan ? "WOULD MOVE" : "MOVED", alignment: .right),
                .init(title: "FIRST OFFSET KEPT", alignment: .right), .init(title: "SLOWEST CONSUMER"),
            ])
            for move in moves {
                table.add([
                    .init(move.topic.name), .init(Words.counted(move.plan.segments.count, "segment")),
                    .init(Words.count(move.plan.firstAfterwards)),
                    .init(move.holder.map { "\($0.service.rawValue) at \(Words.count($0.offset))" } ?? "-"),
                ])
            }
            output.lines(table.lines(width: output.width, style: output.style))
        }
        output.flush()
    }
}

/// Where every consumer stands, by the databases.
private struct Consumers {
    struct Reader {
        let service: ServiceName
        let offset: UInt64
        /// First offset of the segment that it reads.
        let segment: UInt64
    }

    private var readers: [Topic: [Reader]] = [:]

    init(_ data: DataDirectory, _ logbook: Logbook) throws {
        for service in ServiceName.allCases {
            for lag in try LagReading.all(of: service, data, logbook) {
                let segment = PositionToken(lag.position.token)?.segment ?? 0
                readers[lag.topic, default: []].append(
                    Reader(service: service, offset: lag.position.nextOffset, segment: segment))
            }
        }
    }

    /// The consumer that is furthest behind; nil for a topic that nobody consumes.
    func passed(_ topic: Topic) throws -> Reader? {
        readers[topic]?.min { $0.segment < $1.segment }
    }
}

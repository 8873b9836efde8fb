import ArgumentParser
import Contracts
import EventLog

/// What happens, one line an event.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the latest events, topics woven together by time.",
        discussion: """
            A line: time (UTC), topic@offset, type, the subject's end, what it says. With --json each line is an event in
            CloudEvents' structured mode, with its topic and offset. Looking moves no offset. Ctrl-C ends --follow.
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Only this topic; may be given several times.")
    var topic: [String] = []

    @Option(
        help: "Only this type, such as v1.OrderCreated; may be given several times. Without a version: all of them.")
    var type: [String] = []

    @Option(help: "Only events of this order.")
    var order: OrderArgument?

    @Option(help: "Begin at this offset, in each topic shown.")
    var from: UInt64?

    @Option(
        name: [.customShort("n"), .long],
        help: "How many: the last ones (default: 20), with --from the first ones (default: all).")
    var number: UInt64?

    @Flag(name: .shortAndLong, help: "Go on as events come.")
    var follow = false

    static let usualNumber: UInt64 = 20

    func validate() throws {
        guard number ?? 0 <= UInt64(Int32.max) else { throw ValidationError("-n goes up to \(Int32.max)") }
        guard !follow || from == nil || number == nil else {
            throw ValidationError("--follow with --from shows all there is from there on; leave out -n")
        }
        guard !type.contains("") else {
            throw ValidationError("--type needs the name of a type, such as v1.OrderCreated")
        }
    }

    func run() throws {
        try common.directory.require()
        let logbook = Logbook(common.directory)
        // Names are resolved against the log, but a service may make its topic while we watch.
        let topics = try logbook.topics(named: topic, mayBeNew: follow)
        let filter = EventFilter(types: type, order: try order?.resolve(logbook, common.directory))
        let starts = try concurrently(topics) { topic in
            try from.map { min($0, try logbook.end(of: topic)) }
                ?? TailStart(logbook: logbook, filter: filter).offset(of: topic, last: number ?? Self.usualNumber)
        }
        let interleaving = Interleaving(
            try zip(topics, starts).map { topic, start in
                TopicStream(
                    topic, reader: try logbook.reader(of: topic, from: start), filter: filter, from: from ?? start)
            })
        let output = Output()
        let placeWidth = try self.placeWidth(topics, logbook)
        let shown = try printFirst(interleaving, placeWidth, output)
        if shown == 0, !follow { Talk.say("No events\(filter.takesAll ? "" : " match").") }
        if follow { try printOn(interleaving, topics, logbook, placeWidth, output) }
    }

    /// Columns that the longest topic@offset there is now takes.
    private func placeWidth(_ topics: [Topic], _ logbook: Logbook) throws -> Int {
        try topics.map { topic in
            let end = try logbook.end(of: topic)
            return end == 0 ? 0 : topic.name.count + 1 + String(end - 1).count
        }.max() ?? 0
    }

    /// - Returns: how many there were.
    private func printFirst(_ interleaving: Interleaving, _ placeWidth: Int, _ output: Output) throws -> UInt64 {
        defer { output.flush() }
        var shown: UInt64 = 0
        if from != nil {
            let limit = number ?? .max
            if limit == 0 { return 0 }
            try interleaving.run { entry in
                show(entry, placeWidth, output)
                shown += 1
                return shown < limit
            }
        } else {
            var last = LastEntries(Int(number ?? Self.usualNumber))
            try interleaving.run { entry in
                last.add(entry)
                return true
            }
            for entry in last.entries { show(entry, placeWidth, output) }
            shown = UInt64(last.entries.count)
        }
        return shown
    }

    private func printOn(
        _ interleaving: Interleaving, _ topics: [Topic], _ logbook: Logbook, _ placeWidth: Int, _ output: Output
    ) throws {
        let alarm = Alarm()
        let watch = try logbook.watch(topics, ring: alarm.bell)
        defer { watch.close() }
        while !alarm.isEnded {
            try interleaving.run { entry in
                show(entry, placeWidth, output)
                return true
            }
            output.flush()
            alarm.wait()
        }
    }

    private func show(_ entry: TailEntry, _ placeWidth: Int, _ output: Output) {
        if !common.json {
            output.line(TailLine.text(entry, placeWidth: placeWidth, width: output.width, style: output.style))
        } else if let line = TailLine.json(entry) {
            output.line(line)
        } else {
            Talk.problem("\(entry.topic)@\(entry.offset) holds bytes that are no event: \(entry.reason ?? "")")
        }
    }
}

/// The last of many, in constant space.
struct LastEntries {
    private var ring: [TailEntry] = []
    private var next = 0
    private let limit: Int

    init(_ limit: Int) {
        self.limit = limit
    }

    mutating func add(_ entry: TailEntry) {
        if ring.count < limit {
            ring.append(entry)
        } else if limit > 0 {
            ring[next] = entry
            next = (next + 1) % limit
        }
    }

    var entries: [TailEntry] { Array(ring[next...] + ring[..<next]) }
}

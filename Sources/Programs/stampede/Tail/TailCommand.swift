import ArgumentParser
import CommandArguments
import Contracts
import EventLog
import ProcessIO

/// What happens, one line an event.
struct TailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the latest events, topics woven together by time.",
        discussion: """
            A line: time (UTC), topic@offset, type, the subject's end, what it says. With --json each line is an event in \
            CloudEvents' structured mode, with its topic and offset. Looking moves no offset. Ctrl-C ends --follow.
            --where: fields (id, type, subject, source, time, topic, offset, correlationid, causationid, data.MEMBER), \
            compared by = != < <= > >= or ~ (holds the text) with 'text', numbers, true, false, null; and, or, not, ( ).
            """)

    @OptionGroup var common: CommonOptions

    @Option(help: "Only this topic; may be given several times.")
    var topic: [String] = []

    @Option(
        help: "Only this type, such as v1.OrderCreated; may be given several times. Without a version: all of them.")
    var type: [String] = []

    @Option(help: "Only events of this order.")
    var order: OrderArgument?

    @Option(
        help: "Only events of which this holds, such as \"data.total.amount > 5000 and not type ~ Stock\".",
        transform: { try ExpressionParser.parse($0) })
    var `where`: EventExpression?

    @Option(within: 0...UInt64(Int64.max), help: "Begin at this offset, in each topic shown.")
    var from: UInt64?

    @Option(
        parsing: .unconditional,
        help: "Begin at this time: -10m, 1h30m, 19:05, 2026-11-22T19:05:00Z (UTC).")
    var since: SinceTime?

    @Option(
        name: [.customShort("n"), .long], within: 0...UInt64(Int32.max),
        help: "How many: the last ones (default: 20), with --from or --since the first ones (default: all).")
    var number: UInt64?

    @Flag(name: .shortAndLong, help: "Go on as events come.")
    var follow = false

    @OptionGroup var personal: PersonalOption

    static let usualNumber: UInt64 = 20

    func validate() throws {
        guard from == nil || since == nil else {
            throw ValidationError("--from and --since both say where to begin; leave out one of them")
        }
        guard !follow || !hasStart || number == nil else {
            throw ValidationError("--follow with --from or --since shows all there is from there on; leave out -n")
        }
        guard !type.contains("") else {
            throw ValidationError("--type needs the name of a type, such as v1.OrderCreated")
        }
    }

    /// Whether it is told where to begin.
    private var hasStart: Bool { from != nil || since != nil }

    func run() throws {
        try common.directory.require()
        let since = since?.time(at: Words.now())
        let logbook = Logbook(common.directory)
        // Names are resolved against the log, but a service may make its topic while we watch.
        let topics = try logbook.topics(named: topic, mayBeNew: follow)
        // A topic that was made anew would never grow for its reader.
        var files = FileWatch(
            required: [logbook.directory], optional: topics.map { "\(logbook.directory)/\($0)/commit" })
        if follow { try files.look() }
        let filter = EventFilter(
            types: type, order: try order?.resolve(common.directory), since: since, expression: `where`)
        let starts = try concurrently(topics) { topic in
            if let from { return min(from, try logbook.end(of: topic)) }
            if let since { return try TopicSearch(topic, logbook).start(of: since) }
            return try TailStart(logbook: logbook, filter: filter).offset(of: topic, last: number ?? Self.usualNumber)
        }
        let interleaving = Interleaving(
            try zip(topics, starts).map { topic, start in
                TopicStream(
                    topic, reader: try logbook.reader(of: topic, from: start), filter: filter, from: from ?? start)
            })
        let output = Output()
        let placeWidth = try self.placeWidth(topics, logbook)
        let shown = try printFirst(interleaving, placeWidth, output)
        let asked: (whole: [String], parts: [String]) = `where`?.types ?? ([], [])
        let advice =
            MistypedTypes.advice(type) + MistypedTypes.advice(asked.whole)
            + MistypedTypes.advice(onParts: asked.parts)
        if shown == 0 {
            if !follow { Talk.say("No events\(filter.takesAll ? "" : " match").") }
            for line in advice { Talk.say(line) }
        }
        if follow { try printOn(interleaving, topics, logbook, placeWidth, &files, output) }
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
        if hasStart {
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
        _ interleaving: Interleaving, _ topics: [Topic], _ logbook: Logbook, _ placeWidth: Int,
        _ files: inout FileWatch, _ output: Output
    ) throws {
        let alarm = Alarm()
        let watch = try logbook.watch(topics, ring: alarm.bell)
        defer { watch.close() }
        while !alarm.isEnded {
            try files.look()
            try interleaving.run { entry in
                show(entry, placeWidth, output)
                return true
            }
            output.flush()
            alarm.waitForRing(seconds: FileWatch.interval / .seconds(1))
        }
    }

    private func show(_ whole: TailEntry, _ placeWidth: Int, _ output: Output) {
        let entry = whole.view(personal.view)
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

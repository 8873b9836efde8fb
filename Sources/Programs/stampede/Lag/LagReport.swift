import CommandLineKit
import Contracts
import EventLog

/// Lag over time: the latest reading of each consumer and topic, and how it came there.
struct LagReport {
    struct Row {
        let reading: LagReading
        /// The one before, for what a single reading cannot tell.
        let former: LagReading?

        private func perSecond(_ count: (LagReading) -> UInt64?) -> Double? {
            guard let former, reading.time > former.time, let new = count(reading), let old = count(former),
                new >= old  // else it was put back, and began anew
            else { return nil }
            return Double(new - old) / LagReading.seconds(from: former.time, to: reading.time)
        }

        /// Events read a second.
        var rate: Double? { perSecond(\.position.nextOffset) }
        /// Events a second that came to the topic.
        var arrivals: Double? { perSecond(\.end) }

        /// Until nothing is left, should both go on as they did; nil where it cannot be told, or would never be.
        var secondsToCatchUp: Double? {
            guard let behind = reading.behind, behind > 0 else { return reading.behind.map(Double.init) }
            guard let rate, let arrivals, rate > arrivals else { return nil }
            return Double(behind) / (rate - arrivals)
        }
    }

    private(set) var rows: [Row] = []
    /// What keeps a service that is behind from reading, where something does.
    private(set) var obstacles: [(service: ServiceName, reason: WaitingReason)] = []
    private(set) var time = Words.now()
    /// What could not be read this time, with file and remedy.
    private(set) var problems: [String] = []
    private let services: [ServiceName]

    init(of services: [ServiceName]) {
        self.services = services
    }

    /// Reads all services anew. One that cannot be read keeps its last reading, which grows old.
    mutating func update(_ data: DataDirectory, _ logbook: Logbook) {
        problems = []
        let answers = concurrently(services) { service in
            Result { try LagReading.all(of: service, data, logbook) }
        }
        var updated: [Row] = []
        for (service, answer) in zip(services, answers) {
            let known = rows.filter { $0.reading.service == service }
            switch answer {
            case .success(let readings):
                updated += readings.map { reading in
                    Row(reading: reading, former: known.first { $0.reading.topic == reading.topic }?.reading)
                }
            case .failure(let error):
                updated += known
                problems.append("\(error)")
            }
        }
        rows = updated
        problems += rows.compactMap(\.reading.problem)
        problems = problems.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        time = Words.now()
        obstacles = Self.obstacles(rows, data, now: time)
    }

    private static func obstacles(
        _ rows: [Row], _ data: DataDirectory, now: Timestamp
    ) -> [(service: ServiceName, reason: WaitingReason)] {
        let behind = ServiceName.allCases.filter { name in
            rows.contains { $0.reading.service == name && $0.reading.behind != 0 }
        }
        let run = RunDirectory(data)
        let reasons = concurrently(behind) { service in
            // A database that cannot be read is among the problems already.
            let pause = try? Evidence.read(data.database(of: service)) { try ConsumerPause.read($0) }
            return ServiceCondition(service, pause ?? nil, run, now: now).obstacle
        }
        return zip(behind, reasons).compactMap { service, reason in reason.map { (service, $0) } }
    }

    func obstacle(of row: Row) -> WaitingReason? { obstacles.first { $0.service == row.reading.service }?.reason }

    /// Seconds since a row was read.
    func age(_ row: Row) -> Double { LagReading.seconds(from: row.reading.time, to: time) }

    var json: JSONValue {
        .object([
            "time": JSONValue(time), "problems": .array(problems.map(JSONValue.string)),
            "obstacles": .array(
                obstacles.map { service, reason in
                    .object([
                        "service": .string(service.rawValue), "cause": .string(reason.cause.rawValue),
                        "text": .string(reason.text),
                        "type": .array(reason.commands.map { .string(CommandHints.command($0)) }),
                    ])
                }),
            "consumers": .array(
                rows.map { row in
                    .object([
                        "service": .string(row.reading.service.rawValue), "topic": .string(row.reading.topic.name),
                        "position": JSONValue(row.reading.position.nextOffset), "end": JSONValue(row.reading.end),
                        "behind": JSONValue(row.reading.behind), "secondsBehind": JSONValue(row.reading.secondsBehind),
                        "parked": JSONValue(row.reading.parked), "parkedSeconds": JSONValue(row.reading.parkedSeconds),
                        "ratePerSecond": JSONValue(row.rate), "arrivalsPerSecond": JSONValue(row.arrivals),
                        "secondsToCatchUp": JSONValue(row.secondsToCatchUp), "readAt": JSONValue(row.reading.time),
                        "ageSeconds": JSONValue(age(row)),
                    ])
                }),
        ])
    }
}

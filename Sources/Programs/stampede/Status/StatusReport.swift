import Contracts
import EventLog

/// The run at one moment.
struct StatusReport {
    struct Service {
        let program: Program
        let state: String
        /// Whether it lives, seen or by the lock that it holds.
        let isRunning: Bool
        let process: LiveProcess?
        let restarts: Int?
        let ports: [(role: String, port: Int)]
        let delivery: DeliveryStatus?
        /// Nil where it does not run, or does not answer.
        var live: LiveStatus?
        /// Why it is not to be trusted that it runs: it was asked, and gave no answer.
        var silence: String?
    }

    let data: DataDirectory
    let time: Timestamp
    let supervisor: LiveProcess?
    let services: [Service]
    let topics: [(topic: Topic, end: UInt64?)]
    let storage: Storage
    /// What could not be read, with file and remedy.
    let problems: [String]

    /// - Throws: `Failure.noDataDirectory`, `.nothingThere`.
    init(_ data: DataDirectory) throws {
        try data.requireRun()
        let run = RunDirectory(data)
        let logbook = Logbook(data)
        var problems: [String] = []
        var services: [Service] = []
        for program in Program.all {
            let process = run.process(program)
            var delivery: DeliveryStatus?
            do {
                delivery = try program.service.map { try DeliveryStatus.read($0, data, logbook) }
                problems += delivery?.consumes.compactMap(\.problem) ?? []
            } catch {
                problems.append("\(error)")
            }
            services.append(
                Service(
                    program: program, state: run.state(program, process),
                    isRunning: run.isRunning(program, process), process: process, restarts: run.restarts(program),
                    ports: run.ports(program), delivery: delivery))
        }
        Self.askRunning(&services, run)
        var topics: [(Topic, UInt64?)] = []
        do {
            for topic in DataDirectory.isDirectory(data.log) ? try logbook.topics() : [] {
                do {
                    topics.append((topic, try logbook.end(of: topic)))
                } catch {
                    topics.append((topic, nil))
                    problems.append("\(error)")
                }
            }
        } catch {
            problems.append("\(error)")
        }
        self.data = data
        storage = Storage(data)
        self.supervisor = run.supervisor
        self.services = services
        self.topics = topics
        self.problems = problems.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        time = Words.now()
    }

    /// All at once, so that several that hang cost no more time than one.
    private static func askRunning(_ services: inout [Service], _ run: RunDirectory) {
        let running = services.indices.compactMap { index -> (Int, ServiceName, ServicePlace)? in
            guard services[index].isRunning, let service = services[index].program.service,
                let place = try? run.adminPlace(of: service)  // a place that is none is said by what needs it
            else { return nil }
            return (index, service, place)
        }
        let answers = concurrently(running) { LiveStatus.ask($0.1, at: $0.2) }
        for ((index, _, _), answer) in zip(running, answers) {
            services[index].live = answer
            if answer == nil { services[index].silence = services[index].process?.silence }
        }
    }

    // MARK: - JSON

    var json: JSONValue {
        .object([
            "data": .string(data.path), "time": JSONValue(time),
            "supervisor": .object([
                "pid": JSONValue(supervisor?.pid), "uptimeSeconds": JSONValue(supervisor?.uptimeSeconds),
            ]),
            "services": .array(services.map(json)),
            "topics": .array(
                topics.map { .object(["topic": .string($0.topic.name), "end": JSONValue($0.end)]) }),
            "storage": storage.json, "problems": .array(problems.map(JSONValue.string)),
        ])
    }

    private func json(_ service: Service) -> JSONValue {
        let delivery = service.delivery
        return .object([
            "name": .string(service.program.name), "state": .string(service.state),
            "pid": JSONValue(service.process?.pid), "uptimeSeconds": JSONValue(service.process?.uptimeSeconds),
            "cpuSeconds": JSONValue(service.process?.cpuSeconds), "rssBytes": JSONValue(service.process?.residentBytes),
            "restarts": JSONValue(service.restarts),
            "ports": .object(Dictionary(uniqueKeysWithValues: service.ports.map { ($0.role, JSONValue($0.port)) })),
            "consumes": .array(
                (delivery?.consumes ?? []).map { lag in
                    .object([
                        "topic": .string(lag.topic.name), "position": JSONValue(lag.position.nextOffset),
                        "end": JSONValue(lag.end), "behind": JSONValue(lag.behind), "oldest": JSONValue(lag.oldest),
                        "behindSeconds": JSONValue(lag.secondsBehind),
                    ])
                }),
            "outboxUnpublished": JSONValue(delivery?.unpublished),
            "outboxOldest": JSONValue(delivery?.oldestUnpublished),
            "outboxAgeSeconds": JSONValue(delivery.map { $0.oldestUnpublished.map(age) ?? 0 }),
            "parked": JSONValue(delivery?.parked),
            "deadLetters": JSONValue(delivery?.deadLetters), "oldestDeadLetter": JSONValue(delivery?.oldestDeadLetter),
            "openCalls": JSONValue(delivery?.openCalls), "paused": delivery?.paused?.json ?? .null,
            "standing": service.live.map { live in
                .array(
                    live.standing.map { .object(["part": .string($0.part), "reason": .string($0.reason)]) })
            } ?? .null,
            "breaker": service.live?.breaker ?? .null, "silence": JSONValue(service.silence),
            "testFaults": service.live.map { .bool($0.testFaults) } ?? .null,
        ])
    }

    /// In seconds.
    func age(_ time: Timestamp) -> Double {
        Double(max(0, (self.time - time).microseconds)) / 1e6
    }
}

import Contracts
import Foundation

/// All that a run knows of one order.
struct OrderStory {
    struct Wait {
        let awaited: OrderProgress.Awaited
        let why: String
    }

    let order: OrderID
    let time: Timestamp
    let story: StoryEvents
    let progress: OrderProgress
    let records: [ServiceRecords]
    let gateway: GatewayRecords
    let messages: [MailMessage]
    let waits: [Wait]
    /// What could not be read, with file and remedy.
    let problems: [String]

    /// Databases first, then the log: what a service had done when its database was read is then in the log.
    ///
    /// - Throws: `Failure.noOrder`.
    init(of order: OrderID, in data: DataDirectory) throws {
        var problems: [String] = []
        func attempt<Value>(_ body: () throws -> Value?) -> Value? {
            do {
                return try body()
            } catch {
                problems.append("\(error)")
                return nil
            }
        }
        let records = ServiceName.allCases.compactMap { service in
            attempt { try ServiceRecords.read(service, order, data) }
        }
        let gateway = attempt { try GatewayRecords.read(order, data) } ?? GatewayRecords()
        let story =
            !DataDirectory.isDirectory(data.log)
            ? StoryEvents() : attempt { try StoryEvents(of: order, in: Logbook(data)) } ?? StoryEvents()
        let messages =
            !FileManager.default.fileExists(atPath: data.mailbox)
            ? [] : attempt { try MailboxSearch(path: data.mailbox).messages(of: order) } ?? []
        problems += story.problems
        guard !story.events.isEmpty || !records.allSatisfy(\.isEmpty) || !gateway.isEmpty || !messages.isEmpty else {
            for problem in problems { Talk.problem(problem) }
            throw Failure.noOrder(order.description, data: data.path)
        }
        let run = RunDirectory(data)
        let progress = OrderProgress(story: story)
        self.order = order
        self.story = story
        self.progress = progress
        self.records = records
        self.gateway = gateway
        self.messages = messages
        self.problems = problems
        time = Words.now()
        // What a topic that cannot be read would have said is not known to be missing.
        waits =
            !story.problems.isEmpty
            ? []
            : progress.awaited.map { awaited in
                Wait(
                    awaited: awaited,
                    why: WaitingReason(
                        awaited: awaited, records: records.first { $0.service == awaited.service },
                        isRunning: run.process(Program.of(awaited.service)) != nil
                    ).text)
            }
    }

    /// The order's own row, for what the log does not say or no longer holds.
    var row: JSONValue? { records.lazy.compactMap { $0.first("order") }.first }
    var status: String { progress.status ?? row?["status"]?.text ?? "unknown" }
    var reason: String? { progress.status == nil ? row?["reason"]?.text : progress.reason }
    var start: Timestamp? { story.events.first?.envelope.time }

    func after(_ event: StoryEvent) -> Int64 {
        event.envelope.time.microseconds - (start?.microseconds ?? event.envelope.time.microseconds)
    }
}

// MARK: - JSON

extension OrderStory {
    var json: JSONValue {
        .object([
            "orderId": .string(order.description), "status": .string(status), "reason": JSONValue(reason),
            "placedAt": JSONValue(start),
            "settledAfterMilliseconds": JSONValue(progress.settledAfter.map { Double($0) / 1000 }),
            "waitsFor": .array(waits.map(json)), "events": .array(story.events.map(json)),
            "databases": .object(
                Dictionary(
                    uniqueKeysWithValues: records.map { record in
                        (
                            record.service.rawValue,
                            .object(Dictionary(uniqueKeysWithValues: record.rows.map { ($0.name, .array($0.records)) }))
                        )
                    })),
            "calls": desk(\.calls), "parked": desk(\.parked), "deadLetters": desk(\.deadLetters),
            "unpublished": .array(
                records.flatMap { record in
                    record.unpublished.map {
                        .object(["service": .string(record.service.rawValue), "type": .string($0)])
                    }
                }),
            "gateway": .object(["keys": .array(gateway.keys), "ledger": .array(gateway.ledger)]),
            "messages": .array(messages.map(\.json)), "problems": .array(problems.map(JSONValue.string)),
        ])
    }

    private func json(_ wait: Wait) -> JSONValue {
        .object([
            "service": .string(wait.awaited.service.rawValue),
            "types": .array(wait.awaited.types.map(JSONValue.string)),
            "since": JSONValue(wait.awaited.trigger.envelope.time), "why": .string(wait.why),
        ])
    }

    private func json(_ event: StoryEvent) -> JSONValue {
        .object([
            "number": JSONValue(event.number), "afterMilliseconds": JSONValue(Double(after(event)) / 1000),
            "topic": .string(event.topic.name), "offset": JSONValue(event.offset), "type": .string(event.envelope.type),
            "id": .string(event.envelope.id.description), "cause": JSONValue(event.cause),
            "causationId": JSONValue(event.envelope.causationID?.description), "time": JSONValue(event.envelope.time),
            "subject": .string(event.envelope.subject), "summary": .string(event.summary), "data": event.data,
        ])
    }

    private func desk(_ rows: (ServiceRecords) -> [JSONValue]) -> JSONValue {
        .array(
            records.flatMap { record in
                rows(record).map { row in
                    guard case .object(var members) = row else { return row }
                    members["service"] = .string(record.service.rawValue)
                    return .object(members)
                }
            })
    }
}

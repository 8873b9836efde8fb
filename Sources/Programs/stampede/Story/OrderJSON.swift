import Contracts

/// An order's story for programs: the facts of `OrderText`, whole.
extension OrderStory {
    var json: JSONValue { personal.view(whole) }

    private var whole: JSONValue {
        .object([
            "orderId": .string(order.description), "status": .string(status), "reason": JSONValue(reason),
            "placedAt": JSONValue(start), "settledAfterMilliseconds": milliseconds(progress.settledAfter),
            "waitsFor": .array(waits.map(json)), "events": .array(events), "databases": databases,
            "calls": each(\.calls), "parked": each(\.parked), "deadLetters": each(\.deadLetters),
            "deskActions": each(\.actions), "anomalies": each(\.anomalies), "unpublished": .array(unpublished),
            "gateway": .object(["keys": .array(gateway.keys), "ledger": .array(gateway.ledger)]),
            "messages": .array(messages.map { $0.json(personal) }),
            "searched": .object(["eventsRead": JSONValue(eventsRead), "eventsInLog": JSONValue(eventsInLog)]),
            "problems": .array(problems.map(JSONValue.string)),
        ])
    }

    private func milliseconds(_ microseconds: Int64?) -> JSONValue { JSONValue(microseconds.map { Double($0) / 1000 }) }

    private func json(_ wait: Wait) -> JSONValue {
        .object([
            "service": .string(wait.awaited.service.rawValue),
            "types": .array(wait.awaited.types.map(JSONValue.string)), "since": JSONValue(wait.since),
            "cause": .string(wait.reason.cause.rawValue), "why": .string(wait.reason.text),
            "commands": .array(commands(wait).map(JSONValue.string)),
        ])
    }

    private var events: [JSONValue] {
        let steps = Dictionary(uniqueKeysWithValues: steps.map { ($0.event.number, $0) })
        return story.events.map { event in
            let step = steps[event.number]
            return .object([
                "number": JSONValue(event.number), "afterMilliseconds": milliseconds(after(event)),
                "topic": .string(event.topic.name), "offset": JSONValue(event.offset),
                "service": JSONValue(event.service?.rawValue), "type": .string(event.envelope.type),
                "id": .string(event.envelope.id.description), "cause": JSONValue(event.cause),
                "repeats": JSONValue(event.repeats), "causationId": JSONValue(event.envelope.causationID?.description),
                "time": JSONValue(event.envelope.time), "appendedAt": JSONValue(event.appendedAt),
                "waitedMilliseconds": milliseconds(step?.waited), "workedMilliseconds": milliseconds(step?.worked),
                "subject": .string(event.envelope.subject), "summary": .string(event.summary), "data": event.data,
            ])
        }
    }

    private var databases: JSONValue {
        var services: [String: JSONValue] = [:]
        for record in records {
            services[record.service.rawValue] = .object(
                Dictionary(uniqueKeysWithValues: record.rows.map { ($0.name, .array($0.records)) }))
        }
        return .object(services)
    }

    private var unpublished: [JSONValue] {
        records.flatMap { record in
            record.unpublished.map { row in
                .object([
                    "service": .string(record.service.rawValue), "type": .string(row.envelope.type),
                    "topic": .string(row.topic.name), "decidedAt": JSONValue(row.envelope.time),
                    "eventsBefore": JSONValue(row.before),
                ])
            }
        }
    }

    /// Rows of all services, each with the name of its service.
    private func each(_ rows: (ServiceRecords) -> [JSONValue]) -> JSONValue {
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

import Contracts

/// Why an awaited fact is not there yet, as far as the evidence says.
struct WaitingReason {
    let awaited: OrderProgress.Awaited
    /// Read before the log, so that what the service had published by then is among the events.
    let records: ServiceRecords?
    let isRunning: Bool

    var text: String {
        let program = Program.of(awaited.service).name
        let place = "\(awaited.trigger.topic)@\(awaited.trigger.offset)"
        guard let records else { return "\(program) never ran on this data directory" }
        let id = awaited.trigger.envelope.id.description
        if let letter = records.deadLetters.first(where: { $0["eventId"]?.text == id }) { return dead(letter, place) }
        if let parked = records.parked.first(where: { $0["eventId"]?.text == id }) {
            return self.parked(parked, place, records)
        }
        if records.unpublished.contains(where: awaited.types.contains) {
            return isRunning
                ? "decided, on its way to the log" : "decided, not yet in the log: \(program) is not running"
        }
        let suffix = isRunning ? pause(records) : "; \(program) is not running" + pause(records)
        let position = records.positions[awaited.trigger.topic.name] ?? 0
        if position <= awaited.trigger.offset {
            let between = awaited.trigger.offset - position
            return "\(program) has yet to read \(place)"
                + (between > 0 ? ", after \(Words.counted(between, "other event"))" : "") + suffix
        }
        if let call = records.calls.first(where: { $0["state"]?.text == "open" }) {
            return "no final answer to \(call["key"]?.text ?? "a call") yet" + suffix
        }
        return "\(program) has read \(place) and nothing followed; 'stampede audit' judges it" + suffix
    }

    private func dead(_ letter: JSONValue, _ place: String) -> String {
        let state = letter["state"]?.text ?? "open"
        let error = letter["error"]?.text ?? "no reason given"
        return "\(place) is a dead letter (\(state)) at \(awaited.service.rawValue): \(error)"
            + (state == "open" ? ". \(Self.remedy(letter))" : "")
    }

    private func parked(_ row: JSONValue, _ place: String, _ records: ServiceRecords) -> String {
        if let next = row["nextAttemptAt"]?.text.flatMap({ Timestamp($0) }) {
            return "\(place) failed \(Words.counted(row["attempts"]?.whole ?? 1, "time")), next attempt at "
                + "\(Words.clock(next)): \(row["error"]?.text ?? "no reason given")" + pause(records)
        }
        guard let letter = records.deadLetters.first(where: { $0["state"]?.text == "open" }) else {
            return "\(place) is parked behind an earlier event of this order" + pause(records)
        }
        let head = "\(letter["topic"]?.text ?? "?")@\(letter["offset"]?.whole ?? 0)"
        return "\(place) is parked behind \(head), a dead letter at \(awaited.service.rawValue): "
            + "\(letter["error"]?.text ?? "no reason given"). \(Self.remedy(letter))"
    }

    private static func remedy(_ letter: JSONValue) -> String {
        let id = letter["eventId"]?.text ?? "ID"
        return "Look at it with 'stampede dlq show \(id)'; once its cause is gone, 'stampede dlq retry \(id)'"
    }

    private func pause(_ records: ServiceRecords) -> String {
        guard let paused = records.paused else { return "" }
        return "; its consumer is \(paused.text) ('stampede resume \(awaited.service.rawValue)')"
    }
}

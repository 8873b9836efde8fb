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
        if let parked = records.parked.first(where: { $0["eventId"]?.text == id }) { return Self.parked(parked, place) }
        if records.unpublished.contains(where: awaited.types.contains) {
            return isRunning
                ? "decided, on its way to the log" : "decided, not yet in the log: \(program) is not running"
        }
        let suffix = isRunning ? "" : "; \(program) is not running"
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
    }

    private static func parked(_ row: JSONValue, _ place: String) -> String {
        guard let next = row["nextAttemptAt"]?.text.flatMap({ Timestamp($0) }) else {
            return "\(place) is parked behind an earlier event of this order"
        }
        return "\(place) failed \(Words.counted(row["attempts"]?.whole ?? 1, "time")), next attempt at "
            + "\(Words.clock(next)): \(row["error"]?.text ?? "no reason given")"
    }
}

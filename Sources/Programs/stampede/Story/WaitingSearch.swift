import Contracts

/// Finds out why an awaited fact is not there yet.
///
/// *Guarantee*: what it says follows from the evidence. The databases were read before the log, so that what a service had
/// published by then must be among the events.
struct WaitingSearch {
    let awaited: OrderProgress.Awaited
    let records: ServiceRecords?
    let condition: ServiceCondition
    /// Where each topic ends.
    let ends: [Topic: UInt64]
    let now: Timestamp

    private var service: ServiceName { awaited.service }
    private var program: String { condition.program }
    /// The first that holds; the order is that of an event's way through the service.
    var reason: WaitingReason {
        guard let records else {
            return WaitingReason(
                .neverRan, "\(program) never ran on this data directory", type: condition.start)
        }
        return unpublished(records) ?? lost(records) ?? atTheDesk(records) ?? unread(records) ?? call(records)
            ?? nothingFollowed(records)
    }

    private var place: String { awaited.trigger?.place ?? "its command" }
    private var triggerID: String? { awaited.trigger?.envelope.id.description }

    // MARK: - Decided already

    private func unpublished(_ records: ServiceRecords) -> WaitingReason? {
        guard let row = records.unpublished.first(where: { awaited.types.contains($0.envelope.type) }) else {
            return nil
        }
        let age = Words.duration(microseconds: max(0, (now - row.envelope.time).microseconds))
        let words =
            "decided at \(Words.clock(row.envelope.time)), in the outbox for \(age), not yet in the log"
            + (row.before > 0 ? " (\(Words.counted(row.before, "event")) before it)" : "")
        if !condition.isRunning {
            return WaitingReason(.unpublished, "\(words): \(program) \(condition.absence)", type: condition.start)
        }
        let standing = (condition.live?.standing ?? []).map { "; \($0.part) stands: \($0.reason)" }.joined()
        return WaitingReason(.unpublished, "\(words): \(program) runs, and its relay is on the way to it\(standing)")
    }

    /// The service's rows tell of it, its outbox holds it no more, and the log does not either.
    private func lost(_ records: ServiceRecords) -> WaitingReason? {
        guard let time = records.decided(awaited.types, of: triggerID) else { return triggerLost(records) }
        let words = "\(service.rawValue) decided it at \(Words.clock(time)) and published it, but \(service.topic) "
        guard let end = ends[service.topic], let published = records.outboxes[service.topic]?.publishedSequence,
            published > end
        else {
            return WaitingReason(
                .lost, words + "does not hold it: a part of the log was lost or replaced", type: Self.verify)
        }
        return WaitingReason(
            .logCut,
            words
                + "ends at \(end), after \(Words.counted(published, "event")) were published: the log lost its end, or "
                + "is an old copy", type: Self.verify)
    }

    /// The service has read further than its topic goes.
    private func triggerLost(_ records: ServiceRecords) -> WaitingReason? {
        guard let trigger = awaited.trigger, let end = ends[trigger.topic],
            let position = records.positions[trigger.topic.name], position > end
        else { return nil }
        return WaitingReason(
            .logCut,
            "\(service.rawValue) has read \(trigger.topic) up to offset \(position), but the topic ends at \(end): the "
                + "log lost its end, or is an old copy", type: Self.verify)
    }

    private static let verify = "stampede log verify"

    // MARK: - At the desk

    private func atTheDesk(_ records: ServiceRecords) -> WaitingReason? {
        if let letter = records.deadLetters.first(where: { $0["eventId"]?.text == triggerID }) {
            return dead(letter, records)
        }
        if let row = records.anomalies.first(where: { $0["eventId"]?.text == triggerID }) {
            return WaitingReason(
                .anomaly, "\(program) applied \(place) as nothing: \(row["text"]?.text ?? "it cannot follow")",
                type: "stampede audit")
        }
        guard let row = records.parked.first(where: { $0["eventId"]?.text == triggerID }) else { return nil }
        if let next = Self.next(row) {
            return parked(place, row, next, .parked, "")
        }
        if let letter = records.deadLetters.first(where: { $0["state"]?.text == "open" }) {
            return WaitingReason(
                .parkedBehind,
                "\(place) is parked behind \(Self.place(letter)), a dead letter at \(service.rawValue): "
                    + Self.error(letter), commands: Self.remedy(letter))
        }
        if let head = records.parked.first(where: { Self.next($0) != nil }), let next = Self.next(head) {
            return parked(
                Self.place(head), head, next, .parkedBehind, "\(place) is parked behind \(Self.place(head)): ")
        }
        return WaitingReason(.parkedBehind, "\(place) is parked behind an earlier event of this order" + suffix)
    }

    private func dead(_ letter: JSONValue, _ records: ServiceRecords) -> WaitingReason? {
        let state = letter["state"]?.text ?? "open"
        let words = "\(place) is a dead letter (\(state)) at \(service.rawValue)"
        switch state {
        case "open":
            let attempts = Words.counted(letter["attempts"]?.whole ?? 1, "attempt")
            return WaitingReason(
                .dead, "\(words): \(Self.error(letter)) (\(attempts))", commands: Self.remedy(letter))
        case "discarded":
            let action = records.actions.last { $0["action"]?.text == "discarded" }
            let by = action.map { ", by \($0["actor"]?.text ?? "?"): \($0["reason"]?.text ?? "no reason given")" } ?? ""
            return WaitingReason(.discarded, words + by + "; nothing will follow")
        default: return nil
        }
    }

    private func parked(
        _ place: String, _ row: JSONValue, _ next: Timestamp, _ cause: WaitingReason.Cause, _ before: String
    ) -> WaitingReason {
        let wait = (next - now).microseconds
        let due = wait > 0 ? "in \(Words.duration(microseconds: wait))" : "due"
        return WaitingReason(
            cause,
            "\(before)\(place) failed \(Words.counted(row["attempts"]?.whole ?? 1, "time")), next attempt at "
                + "\(Words.clock(next)) (\(due)): \(Self.error(row))\(suffix)",
            commands: condition.obstacle?.commands ?? [])
    }

    // MARK: - On its way

    private func unread(_ records: ServiceRecords) -> WaitingReason? {
        guard let trigger = awaited.trigger else { return nil }
        let position = records.positions[trigger.topic.name] ?? 0
        guard position <= trigger.offset else { return nil }
        let between = trigger.offset - position
        let words =
            "\(program) has yet to read \(place)"
            + (between > 0 ? ", after \(Words.counted(between, "other event"))" : "")
        return condition.obstacle?.after(words)
            ?? WaitingReason(.unread, words, type: "stampede lag --service \(service.rawValue)")
    }

    private func call(_ records: ServiceRecords) -> WaitingReason? {
        guard let call = records.calls.first(where: { $0["state"]?.text == "open" }) else { return nil }
        return CallReason(call: call, condition: condition, now: now).reason
    }

    private func nothingFollowed(_ records: ServiceRecords) -> WaitingReason {
        guard awaited.trigger != nil else {
            return WaitingReason(.unexplained, "nothing in the log or the databases says why", type: "stampede audit")
        }
        return WaitingReason(
            .unexplained, "\(program) has read \(place) and nothing followed; 'stampede audit' judges it" + suffix,
            type: "stampede audit")
    }

    // MARK: - Words

    /// What holds up the service besides.
    private var suffix: String { condition.obstacle.map { "; \($0.text)" } ?? "" }

    private static func next(_ row: JSONValue) -> Timestamp? { row["nextAttemptAt"]?.text.flatMap { Timestamp($0) } }
    private static func place(_ row: JSONValue) -> String {
        "\(row["topic"]?.text ?? "?")@\(row["offset"]?.whole ?? 0)"
    }
    private static func error(_ row: JSONValue) -> String { row["error"]?.text ?? "no reason given" }

    private static func remedy(_ letter: JSONValue) -> [String] {
        let id = letter["eventId"]?.text ?? "ID"
        return ["stampede dlq show \(id)", "stampede dlq retry \(id)"]
    }
}

/// What may change without the judge noticing it, and why. Nothing else may.
package enum Excuses {
    /// Nil for a change that must be noticed.
    package static func reason(_ change: Change) -> String? {
        if change.kind == .eventField, fields?.excuses(change) == true {
            return "docs/reference/event-fields.md says why"
        }
        return list.first { excuse in
            excuse.kinds.contains(change.kind) && change.place.wholeMatch(of: excuse.place()) != nil
        }?.reason
    }

    /// Without the page nothing is excused.
    private static let fields = try? FieldTable()

    package struct Excuse: Sendable {
        let kinds: Set<Change.Kind>
        let place: @Sendable () -> Regex<Substring>
        package let reason: String
    }

    package static let list: [Excuse] = [
        Excuse(
            kinds: [.logByte, .file], place: { /.*index/ },
            reason:
                "an index is never trusted: a reader that does not find its way by it reads from the segment's start"),
        Excuse(
            kinds: [.cell, .row], place: { /.* clock_offsets(?:\..+)?/ },
            reason: "what the clock was set to lately moves the end of a hold, and of the past nothing depends on it"),
        Excuse(
            kinds: [.event], place: { /analytics v1.(?:StockRanLow|OrderStuck) exchanged/ },
            reason: "reports of Analytics of which none follows from another: they could have come in this order"),
        Excuse(
            kinds: [.cell, .databaseByte], place: { /payment.db intents.recorded_at/ },
            reason: "when a call was decided on tells the story of an order alone"
        ),
        Excuse(
            kinds: [.logByte], place: { /log wake.word/ },
            reason: "readers sleep on it: that it changes is all it says"),
        Excuse(
            kinds: [.row], place: { /notification.db channel_marks/ },
            reason: "the mark of a channel that is not in use: what cannot be asked has no mailbox to compare with"),
    ]
}

import Contracts
import EventLog

/// What a service applied instead of the log's bytes: the corrected bytes of edited letters, the events of imported ones.
/// Redriven letters only; what lies at the desk was not applied.
struct StandIns {
    private(set) var imported: [StandIn] = []
    private var corrected: [Topic: [UInt64: StandIn]] = [:]

    struct StandIn {
        let topic: Topic
        let event: EventFact
        let details: Details
    }

    init(_ desk: DeskFacts) {
        for letter in desk.letters where letter.state == .redriven && (letter.isImported || letter.corrected != nil) {
            // Bytes that are no event stand for nothing.
            guard let envelope = letter.inForce, let fact = StandIn(envelope, letter.entry) else { continue }
            if letter.isImported {
                imported.append(fact)
            } else {
                corrected[letter.entry.topic, default: [:]][letter.entry.offset] = fact
            }
        }
    }

    /// What was applied in the place of the event at an offset.
    subscript(topic: Topic, offset: UInt64) -> StandIn? { corrected[topic]?[offset] }
}

extension StandIns.StandIn {
    /// Nil for a type or data that the audit does not know: no figure follows from them.
    init?(_ envelope: Envelope, _ entry: ServiceFacts.Entry) {
        var details = Details()
        guard let kind = EventKind.byType[envelope.type], let detail = try? details.add(kind, envelope) else {
            return nil
        }
        self.init(
            topic: entry.topic,
            event: EventFact(
                id: entry.id, cause: envelope.causationID, correlation: envelope.correlationID,
                time: envelope.time.microseconds, kind: kind, type: 0, detail: detail,
                order: Rules.isAboutProduct(kind) ? nil : envelope.orderID),
            details: details)
    }
}

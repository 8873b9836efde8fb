import Contracts
import Foundation

/// Which message each event leads to, as it follows from the log; when it was decided, and to whom alerts go, as Notification's
/// database says.
struct MailExpectations {
    private let evidence: Evidence
    /// What Notification acted on instead of the log's bytes: events of edited and of imported letters.
    private let standIns: [EventID: Envelope]
    /// Calls on record by what made Notification send; the first of several.
    private(set) var calls: [EventID: MailFacts.Call] = [:]

    /// What a customer is told of: the event as Notification acted on it.
    struct Outcome {
        let order: OrderID
        let kind: NotificationKind
        let email: String
        let lines: [OrderLine]
        let total: Money
        let time: Timestamp
    }

    init(_ evidence: Evidence) {
        self.evidence = evidence
        let letters = evidence.services[.notification]?.desk.letters ?? []
        standIns = Dictionary(
            letters.lazy.filter { $0.state == .redriven && ($0.isImported || $0.corrected != nil) }
                .compactMap { letter in letter.inForce.map { (letter.entry.id, $0) } },
            uniquingKeysWith: { first, _ in first })
        for call in evidence.domain.mail?.calls ?? [] {
            if let cause = call.cause?.id, calls[cause] == nil { calls[cause] = call }
        }
    }

    /// Nil for an event that the log does not hold, or that leads to none.
    func mail(of event: EventID) -> ExpectedMail? {
        let date = calls[event]?.recordedAt.map(Timestamp.init(microseconds:))
        if let outcome = outcome(event) {
            let wording = MailWording(
                kind: outcome.kind, order: outcome.order, lines: outcome.lines, total: outcome.total)
            return ExpectedMail(
                event: event, content: .customer(wording, address: outcome.email), date: date, earliest: outcome.time)
        }
        guard let alert = alert(event) else { return nil }
        return ExpectedMail(
            event: event, content: .alert(alert.wording, address: alert.recipient), date: date,
            earliest: alert.time)
    }

    // MARK: - Customers

    func outcome(_ event: EventID) -> Outcome? {
        if let envelope = standIns[event] { return envelope.orderID.flatMap { Self.outcome(envelope, $0) } }
        guard let place = evidence.index.find(event), place.topic.topic == .orders, let order = place.event.order else {
            return nil
        }
        let details = place.topic.details
        let time = Timestamp(microseconds: place.event.time)
        switch place.event.kind {
        case .orderConfirmed: return Self.outcome(details.confirmed[Int(place.event.detail)], order, time)
        case .orderCancelled: return Self.outcome(details.cancelled[Int(place.event.detail)], order, time)
        default: return nil
        }
    }

    /// Nil for another type, or data that cannot be read: nobody is told of it.
    private static func outcome(_ envelope: Envelope, _ order: OrderID) -> Outcome? {
        switch envelope.type {
        case EventKind.orderConfirmed.type:
            (try? V1.OrderConfirmed.decoded(from: envelope.data)).map { outcome($0, order, envelope.time) }
        case EventKind.orderCancelled.type:
            (try? V1.OrderCancelled.decoded(from: envelope.data)).map { outcome($0, order, envelope.time) }
        default: nil
        }
    }

    private static func outcome(_ event: V1.OrderConfirmed, _ order: OrderID, _ time: Timestamp) -> Outcome {
        Outcome(
            order: order, kind: .confirmation, email: event.email, lines: event.lines, total: event.total, time: time)
    }

    private static func outcome(_ event: V1.OrderCancelled, _ order: OrderID, _ time: Timestamp) -> Outcome {
        Outcome(
            order: order, kind: Rules.notification(of: event.reason), email: event.email, lines: event.lines,
            total: event.total, time: time)
    }

    /// Whether the head of an event is what the log, or an edit or import in its place, has; `nil` if neither has the event.
    func isKnown(_ head: Envelope) -> Bool? {
        if let envelope = standIns[head.id] {
            return head.time == envelope.time && head.type == envelope.type && head.subject == envelope.subject
                && head.causationID == envelope.causationID && head.correlationID == envelope.correlationID
        }
        guard let place = evidence.index.find(head.id) else { return nil }
        return head.time.microseconds == place.event.time && head.type == place.topic.typeName(of: place.event)
            && head.causationID == place.event.cause && head.correlationID == place.event.correlation
            && head.orderID == place.event.order
    }

    // MARK: - The operator

    /// What the operator is told of a dead letter; `nil` if it is none, or nothing was to be told.
    private func alert(_ event: EventID) -> (wording: AlertWording, recipient: String?, time: Timestamp)? {
        guard let place = evidence.index.find(event), place.event.kind == .eventDeadLettered,
            let letter = DeadLetterFact(place.topic.details.letters[Int(place.event.detail)]),
            let call = calls[event], let letters = letter.count(inKey: call.key)
        else { return nil }
        let wording = AlertWording(
            service: letter.group.service, type: letter.group.type, signature: letter.group.signature, letters: letters,
            letter: letter.event, topic: letter.topic, offset: letter.offset, attempts: letter.attempts,
            error: letter.error)
        return (wording, call.recipient, Timestamp(microseconds: place.event.time))
    }
}

/// A dead letter as it was announced.
struct DeadLetterFact {
    let group: DeadLetterGroup
    let event: EventID
    let topic: String
    let offset: UInt64
    let attempts: Int64
    let error: String

    /// Nil for another event about a letter.
    init?(_ detail: Detail.DeadLetter) {
        guard let topic = detail.topic, let offset = detail.offset, let bytes = detail.event,
            let kind = detail.errorKind, let error = detail.error, let attempts = detail.attempts
        else { return nil }
        let type = (try? EventCoding.decode([UInt8](bytes)))?.type ?? ""  // bytes that are no event have none
        group = DeadLetterGroup(
            service: detail.service, signature: ErrorSignature.of(kind: kind, error: error), type: type)
        event = detail.eventID
        self.topic = topic
        self.offset = offset
        self.attempts = attempts
        self.error = error
    }

    /// How the calls of the group begin.
    var keyPrefix: String { "alert:\(group.service.rawValue):\(group.type):\(group.signature):" }

    /// How many letters of its group an alert tells of; `nil` for a call of something else.
    func count(inKey key: String) -> Int64? {
        guard key.hasPrefix(keyPrefix), let count = Int64(key.dropFirst(keyPrefix.count)), key == "\(keyPrefix)\(count)"
        else { return nil }
        return count
    }

    /// What the call on record holds.
    func request(letters: Int64, recipient: String?) -> [UInt8] {
        struct Request: Encodable {
            let service, type, signature: String
            let letters: Int64
            let eventID, topic: String
            let offset: UInt64
            let attempts: Int64
            let error: String
            let recipient: String?
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let request = Request(
            service: group.service.rawValue, type: group.type, signature: group.signature, letters: letters,
            eventID: event.description, topic: topic, offset: offset, attempts: attempts, error: error,
            recipient: recipient)
        // Texts and integers alone: there is nothing here that JSON could not say.
        return (try? encoder.encode(request)).map { [UInt8]($0) } ?? []
    }
}

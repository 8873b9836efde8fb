import Contracts

/// Of invariant 5: each delivery is a call on record, made of the event that it tells of, and settled with what was said of it.
struct MailCallCheck {
    let evidence: Evidence
    let notices: NotifiedOnce.Notices
    let mail: MailReading
    let expectations: MailExpectations

    /// What waits in Notification's outbox: the events, and what caused them.
    private let waiting: Set<EventID>
    private let answered: Set<EventID>

    private static let file = Place(file: "db/notification/notification.db")

    init(
        evidence: Evidence, notices: NotifiedOnce.Notices, mail: MailReading, expectations: MailExpectations
    ) {
        self.evidence = evidence
        self.notices = notices
        self.mail = mail
        self.expectations = expectations
        let rows = (evidence.services[.notification]?.outbox ?? [:]).values.joined()
        waiting = Set(rows.compactMap(\.event?.id))
        answered = Set(rows.compactMap(\.event?.causationID))
    }

    func run(_ check: inout InvariantCheck) {
        guard let facts = evidence.domain.mail else { return }
        var calls: Set<String> = []
        for call in facts.calls {
            check.checked += 1
            calls.insert(call.key)
            if let fault = fault(of: call) {
                check.broken(
                    "the call \(call.key) of Notification is not what its event leads to: \(fault)",
                    order: OrderID(call.subject), event: call.cause?.id, service: .notification, at: Self.file)
            } else if call.isAlert {
                checkAlert(call, &check)
            } else {
                checkMail(call, &check)
            }
        }
        for notice in notices.all where notice.messageID != nil {
            guard let order = notice.order, evidence.hasWritten(.notifications, offset: notice.offset),
                !calls.contains("mail:\(order):\(notice.kind.rawValue)")
            else { continue }
            check.broken(
                "a message is said to have been sent, and no call is on record for it (mail:\(order):\(notice.kind.rawValue))",
                order: order, event: notice.id, service: .notification, at: Self.file)
        }
    }

    /// Nil if the call is what its event leads to, or the log does not hold that event.
    private func fault(of call: MailFacts.Call) -> String? {
        guard call.state == "open" || call.state == "finished" else { return "its state is '\(call.state)'" }
        guard call.recordedAt != nil else { return "it does not have the time at which it was decided on" }
        guard !call.hasDeadline else { return "it has a deadline" }
        guard let cause = call.cause else { return "its cause is no event" }
        guard let isKnown = expectations.isKnown(cause) else {
            // A letter of Notification's own may not be in the log yet.
            return evidence.anyGap == nil && !waiting.contains(cause.id)
                ? "its cause \(cause.id) is not in the log" : nil
        }
        guard isKnown else { return "its cause differs from the event in the log" }
        switch call.kind {
        case "mail": return mailFault(call, cause)
        case "alert": return alertFault(call, cause.id)
        default: return "its kind is '\(call.kind)'"
        }
    }

    private func mailFault(_ call: MailFacts.Call, _ cause: Envelope) -> String? {
        guard let outcome = expectations.outcome(cause.id) else { return "its cause is no order's outcome" }
        guard call.key == "mail:\(outcome.order):\(outcome.kind.rawValue)", call.subject == outcome.order.description
        else {
            return "its cause is \(outcome.kind.rawValue) of order \(outcome.order)"
        }
        let isSame: Bool
        if cause.type == EventKind.orderConfirmed.type {
            let said = try? V1.OrderConfirmed.decoded(from: call.request)
            isSame = said?.email == outcome.email && said?.lines == outcome.lines && said?.total == outcome.total
        } else {
            let said = try? V1.OrderCancelled.decoded(from: call.request)
            isSame =
                said?.email == outcome.email && said?.lines == outcome.lines && said?.total == outcome.total
                && said.map { Rules.notification(of: $0.reason) } == outcome.kind
        }
        return isSame ? nil : "its request differs from what the event says"
    }

    private func alertFault(_ call: MailFacts.Call, _ cause: EventID) -> String? {
        guard let place = evidence.index.find(cause), place.event.kind == .eventDeadLettered,
            let letter = DeadLetterFact(place.topic.details.letters[Int(place.event.detail)])
        else { return "its cause is no dead letter" }
        guard let letters = letter.count(inKey: call.key), call.subject == letter.event.description else {
            return "its cause is a letter of another group"
        }
        return call.request == letter.request(letters: letters, recipient: call.recipient)
            ? nil : "its request differs from what the event says"
    }

    // MARK: - Settled

    private func checkMail(_ call: MailFacts.Call, _ check: inout InvariantCheck) {
        guard let cause = call.cause?.id, evidence.gap(in: .notifications) == nil else { return }
        let said = notices.of(cause).filter { evidence.hasWritten(.notifications, offset: $0.offset) }
        let waits = answered.contains(cause)
        if call.isOpen, !said.isEmpty || waits {
            check.broken(
                "the call \(call.key) is open, and its message is said to have been sent", order: OrderID(call.subject),
                event: cause, service: .notification, at: Self.file)
        } else if !call.isOpen, notices.of(cause).isEmpty, !waits {
            check.broken(
                "the call \(call.key) is finished, and nobody says what came of it", order: OrderID(call.subject),
                event: cause, service: .notification, at: Self.file)
        }
    }

    private func checkAlert(_ call: MailFacts.Call, _ check: inout InvariantCheck) {
        guard let cause = call.cause?.id, !call.isOpen, mail.fault == nil, evidence.domain.mail?.mark != nil,
            mail.copies(of: cause).isEmpty
        else { return }
        check.broken(
            "the operator was told (\(call.key)), and \(MailHeaders.messageID(of: cause)) is not in the mailbox",
            event: cause, service: .notification, at: Place(file: MailboxReader.file))
    }
}

import Contracts

/// Of invariant 5: the mailbox holds the messages that somebody says were sent, each as the events have it, and nothing else.
struct MailboxCheck {
    let evidence: Evidence
    let notices: NotifiedOnce.Notices
    let mail: MailReading

    func run(_ check: inout InvariantCheck) {
        check.checked += mail.messages.count - mail.alerts
        if mail.alerts > 0 {
            check.note("\(mail.alerts) messages in the mailbox are for the operator, not for customers")
        }
        if let fault = mail.fault { check.waiting("the mailbox cannot be read: \(fault)", service: .notification) }
        checkContents(&check)
        checkSenders(&check)
        checkDamages(&check)
        checkMark(&check)
    }

    private func place(_ offset: Int) -> Place { Place(file: MailboxReader.file, offset: UInt64(max(0, offset))) }

    private func order(of event: EventID?) -> OrderID? {
        event.flatMap { evidence.index.find($0) }?.event.order
    }

    private func checkContents(_ check: inout InvariantCheck) {
        for message in mail.messages {
            for fault in message.faults.prefix(3) {
                check.broken(
                    "the message \(message.messageID) is not what the events say: \(fault) (byte offset)",
                    order: order(of: message.event), event: message.event, service: .notification,
                    at: place(message.range.lowerBound))
            }
        }
    }

    // MARK: - Who sent it

    private func checkSenders(_ check: inout InvariantCheck) {
        var explained = Set(notices.all.lazy.filter(\.isInMailbox).compactMap(\.cause))
        for row in evidence.services[.notification]?.outbox[.notifications] ?? [] {
            guard let event = row.event, event.type == EventKind.notificationSent.type, let cause = event.causationID
            else { continue }
            explained.insert(cause)
        }
        var alerts: Set<EventID> = []
        var open: Set<EventID> = []
        for call in evidence.domain.mail?.calls ?? [] {
            guard let cause = call.cause?.id else { continue }
            if call.isAlert, !call.isOpen { alerts.insert(cause) }
            if call.isOpen { open.insert(cause) }
        }
        var seen: Set<EventID> = []
        for message in mail.messages {
            if let event = message.event {
                if alerts.contains(event), !seen.insert(event).inserted {
                    check.broken(
                        "\(message.messageID) is in the mailbox more than once (byte offset)", event: event,
                        service: .notification, at: place(message.range.lowerBound))
                }
                if explained.contains(event) || alerts.contains(event) { continue }
            }
            unexplained(message, isOpen: message.event.map(open.contains) ?? false, &check)
        }
    }

    private func unexplained(_ message: MailReading.Message, isOpen: Bool, _ check: inout InvariantCheck) {
        let name = message.messageID.isEmpty ? "a message without a Message-ID" : message.messageID
        let words = "nobody says that \(name) was sent"
        let place = place(message.range.lowerBound)
        if isOpen {
            check.waiting(
                "\(words) yet: its delivery is on record and not answered", service: .notification, at: place)
        } else if message.range.lowerBound >= evidence.settledMailBytes {
            check.waiting("\(words) yet: it came while the evidence was read", service: .notification, at: place)
        } else if evidence.services[.notification] == nil {
            check.waiting("\(words); \(evidence.noDatabase(of: .notification))", service: .notification, at: place)
        } else if let gap = evidence.gap(in: .notifications) {
            check.waiting("\(words), as far as can be read (\(gap))", service: .notification, at: place)
        } else {
            check.broken("\(words) (byte offset)", event: message.event, service: .notification, at: place)
        }
    }

    // MARK: - What is no message

    /// Bytes of the file up to which everything was delivered and is on disk, whatever died since.
    private var settled: Int {
        let sent =
            notices.all.lazy.filter(\.isInMailbox).compactMap(\.cause)
            .flatMap { mail.copies(of: $0) }.map(\.range.upperBound).max() ?? 0
        return max(sent, Int(clamping: evidence.domain.mail?.mark ?? 0))
    }

    private func checkDamages(_ check: inout InvariantCheck) {
        guard !mail.damages.isEmpty else { return }
        let settled = settled
        let open = evidence.domain.mail?.calls.count { $0.isOpen } ?? 0
        for damage in mail.damages {
            let start = damage.range.lowerBound
            let words = "the mailbox holds \(damage.text) (\(damage.range.count) bytes from the byte offset on)"
            if start < settled {
                check.broken(
                    words, order: order(of: damage.event), event: damage.event, service: .notification,
                    at: place(start))
            } else if evidence.services[.notification] == nil {
                check.waiting(
                    "\(words); \(evidence.noDatabase(of: .notification))", service: .notification, at: place(start))
            } else if start >= evidence.settledMailBytes {
                check.waiting(
                    "\(words): they came while the evidence was read", service: .notification, at: place(start))
            } else if open > 0 {
                check.waiting(
                    "\(words): \(open) deliveries are on record and not answered; what is cut short is written again "
                        + "when Notification starts", service: .notification, at: place(start))
            } else {
                check.broken(
                    "\(words), and no delivery is on record that would explain them",
                    order: order(of: damage.event), event: damage.event, service: .notification, at: place(start))
            }
        }
    }

    // MARK: - The mark

    /// The file's length and what was sent are stored in one transaction, after the file is on disk.
    private func checkMark(_ check: inout InvariantCheck) {
        guard let facts = evidence.domain.mail, mail.fault == nil else { return }
        let stored = facts.marks[NotifiedOnce.mailboxChannel]
        let file = Place(file: "db/notification/notification.db")
        func broken(_ message: String, _ event: EventID? = nil) {
            check.broken(message, event: event, service: .notification, at: file)
        }
        if case .some(.none) = stored { return broken("the mark of the mailbox is no number") }
        let mark = Int(clamping: facts.mark ?? 0)
        let ends = Set(mail.messages.map(\.range.upperBound))
        if mark > mail.size {
            broken("messages up to byte \(mark) were delivered, and the mailbox has \(mail.size) bytes: mail is gone")
        } else if mark != 0, !ends.contains(mark) {
            broken("the mark of the mailbox is byte \(mark), where no message ends")
        }
        for call in facts.calls where call.isOpen {
            guard let cause = call.cause?.id,
                let message = mail.copies(of: cause).first(where: { $0.range.upperBound <= mark })
            else { continue }
            broken(
                "the mark of the mailbox is byte \(mark), and the call \(call.key) is open, of which a message ends at "
                    + "\(message.range.upperBound)", cause)
        }
        for notice in notices.all where notice.isInMailbox {
            guard evidence.hasWritten(.notifications, offset: notice.offset), let cause = notice.cause,
                let last = mail.copies(of: cause).map(\.range.upperBound).max(), last > mark
            else { continue }
            return broken("the mark of the mailbox is byte \(mark), and a message that was sent ends at \(last)", cause)
        }
    }
}

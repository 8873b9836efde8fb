import Contracts
import Foundation

/// 5. Each final event was notified exactly once, to the right person, saying the right thing, or its failure is on record;
/// at least once if the channel cannot be asked.
///
/// The messages themselves are looked at in `Mail/`.
enum NotifiedOnce {
    /// The channel whose messages lie in the mailbox.
    static let mailboxChannel = "mbox"

    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(5, "Each outcome is told once, and the mail is there")
        let notices = Notices(evidence.topic(.notifications))
        let expectations = MailExpectations(evidence)
        let mail = MailReading(evidence, expectations)
        checkOutcomes(notices, expectations, evidence, &check)
        checkNotices(notices, mail, evidence, &check)
        checkFailures(notices, expectations, evidence, &check)
        checkRows(notices, evidence, &check)
        MailboxCheck(evidence: evidence, notices: notices, mail: mail).run(&check)
        MailCallCheck(evidence: evidence, notices: notices, mail: mail, expectations: expectations).run(&check)
        AlertCheck(evidence: evidence).run(&check)
        if notices.all.contains(where: { $0.messageID != nil && !$0.isInMailbox }) {
            check.note("a channel that cannot be asked promises at least once")
        }
        return check
    }

    /// NotificationSent or NotificationFailed, by the final event that caused it.
    struct Notice {
        let id: EventID
        let offset: UInt64
        let order: OrderID?
        let cause: EventID?
        let kind: NotificationKind
        let channel: String
        /// Nil if it failed.
        let messageID: String?

        /// Delivered by the channel whose messages are at hand.
        var isInMailbox: Bool { messageID != nil && channel == mailboxChannel }
    }

    struct Notices {
        var all: [Notice] = []
        var byCause: [EventID: [Int]] = [:]

        init(_ topic: TopicFacts) {
            for (offset, event) in topic.said {
                switch event.kind {
                case .notificationSent:
                    let detail = topic.details.sent[Int(event.detail)]
                    add(event, offset, detail.kind, detail.channel, detail.messageID)
                case .notificationFailed:
                    let detail = topic.details.notSent[Int(event.detail)]
                    add(event, offset, detail.kind, detail.channel, nil)
                default: continue
                }
            }
        }

        private mutating func add(
            _ event: EventFact, _ offset: UInt64, _ kind: NotificationKind, _ channel: String, _ messageID: String?
        ) {
            if let cause = event.cause { byCause[cause, default: []].append(all.count) }
            all.append(
                Notice(
                    id: event.id, offset: offset, order: event.order, cause: event.cause, kind: kind,
                    channel: channel, messageID: messageID))
        }

        func of(_ cause: EventID) -> [Notice] { byCause[cause]?.map { all[$0] } ?? [] }
    }

    // MARK: - From outcome to notice

    private static func checkOutcomes(
        _ notices: Notices, _ expectations: MailExpectations, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        let orders = evidence.topic(.orders)
        for (offset, event) in orders.said {
            guard event.kind == .orderConfirmed || event.kind == .orderCancelled, let order = event.order else {
                continue
            }
            check.checked += 1
            let reason = event.kind == .orderCancelled ? orders.details.cancelled[Int(event.detail)].reason : nil
            // Of an edited event, what the corrected bytes say.
            let kind = expectations.outcome(event.id)?.kind ?? Rules.notification(of: reason)
            let said = notices.of(event.id)
            let place = orders.place(offset)
            if said.isEmpty {
                untold("the customer was not told (\(kind.rawValue))", order, event.id, place, evidence, &check)
            }
            for notice in said where notice.kind != kind || notice.order != order {
                check.broken(
                    "told \(notice.kind.rawValue) where \(kind.rawValue) belongs", order: order, event: notice.id,
                    service: .notification, at: evidence.topic(.notifications).place(notice.offset))
            }
            if said.count > 1, said.contains(where: { $0.isInMailbox || $0.messageID == nil }) {
                check.broken(
                    "told \(said.count) times of one outcome", order: order, event: said[1].id, service: .notification,
                    at: evidence.topic(.notifications).place(said[1].offset))
            }
        }
    }

    private static func untold(
        _ message: String, _ order: OrderID, _ event: EventID, _ place: Place, _ evidence: Evidence,
        _ check: inout InvariantCheck
    ) {
        if let hold = evidence.held.hold(event, at: .notification) {
            check.explained("\(message): \(hold.text)", order: order, event: event, service: .notification, at: place)
        } else if let reason = evidence.inFlight.reason(order, at: [.notification])
            ?? evidence.inFlight.moving(order, at: .order)
        {
            check.waiting(
                "\(message) yet: \(reason.text)", order: order, event: event, service: .notification, at: place)
        } else if let gap = evidence.gap(in: .notifications) {
            check.waiting(
                "\(message), as far as can be read (\(gap))", order: order, event: event, service: .notification,
                at: place)
        } else {
            check.broken(message, order: order, event: event, service: .notification, at: place)
        }
    }

    // MARK: - From notice to mail

    private static func checkNotices(
        _ notices: Notices, _ mail: MailReading, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        let notifications = evidence.topic(.notifications)
        for notice in notices.all {
            check.checked += 1
            let place = notifications.place(notice.offset)
            if let messageID = notice.messageID, let cause = notice.cause {
                let copies = mail.copies(of: cause).count
                if notice.isInMailbox, messageID != MailHeaders.messageID(of: cause) {
                    check.broken(
                        "the message is said to be '\(messageID)', which is not what it tells of (\(cause))",
                        order: notice.order, event: notice.id, service: .notification, at: place)
                } else if notice.isInMailbox, copies != 1, mail.fault == nil {
                    check.broken(
                        "\(messageID) is in the mailbox \(copies == 0 ? "not at all" : "\(copies) times")",
                        order: notice.order, event: notice.id, service: .notification, at: place)
                } else if !notice.isInMailbox, copies > 0 {
                    check.broken(
                        "\(messageID) is in the mailbox, and is said to have left by '\(notice.channel)'",
                        order: notice.order, event: notice.id, service: .notification, at: place)
                }
            }
            guard let order = notice.order, let rows = evidence.domain.notifications?[order],
                evidence.hasWritten(.notifications, offset: notice.offset),
                let row = rows.first(where: { $0.kind == notice.kind.rawValue })
            else { continue }  // an order that the table does not know is invariant 1's
            let isSame =
                row.event == notice.cause && row.state == (notice.messageID == nil ? "failed" : "sent")
                && (notice.messageID == nil || row.messageID == notice.messageID)
            if !isSame {
                check.broken(
                    "the Notification database says \(row.state) (\(row.messageID)), the log says "
                        + (notice.messageID.map { "sent (\($0))" } ?? "failed"),
                    order: order, event: notice.id, service: .notification, at: place)
            }
        }
    }

    /// A customer is not told for two reasons: nothing can be mailed to the address, or an operator gave up on the event.
    private static func checkFailures(
        _ notices: Notices, _ expectations: MailExpectations, _ evidence: Evidence, _ check: inout InvariantCheck
    ) {
        for notice in notices.all where notice.messageID == nil {
            guard let cause = notice.cause, let outcome = expectations.outcome(cause) else { continue }
            let isDiscarded = evidence.letter(cause, at: .notification)?.state == .discarded
            let isUnmailable = MailAddress.fault(of: outcome.email) != nil
            let place = evidence.topic(.notifications).place(notice.offset)
            if !isDiscarded, !isUnmailable {
                let message = "the customer was not told, though mail can be sent there and nobody gave up on it"
                if evidence.services[.notification] == nil {
                    check.waiting(
                        "\(message); \(evidence.noDatabase(of: .notification))", order: notice.order, event: notice.id,
                        service: .notification, at: place)
                } else if evidence.hasWritten(.notifications, offset: notice.offset) {
                    check.broken(message, order: notice.order, event: notice.id, service: .notification, at: place)
                }
            } else if notice.channel != "none", !(isUnmailable && notice.channel == mailboxChannel) {
                check.broken(
                    "the customer was not told, and yet by '\(notice.channel)'", order: notice.order, event: notice.id,
                    service: .notification, at: place)
            }
        }
    }

    private static func checkRows(_ notices: Notices, _ evidence: Evidence, _ check: inout InvariantCheck) {
        guard let rows = evidence.domain.notifications else { return }
        var told: [OrderID: Set<NotificationKind>] = [:]
        for notice in notices.all {
            if let order = notice.order { told[order, default: []].insert(notice.kind) }
        }
        for (order, kinds) in rows {
            for row in kinds where !(told[order]?.contains { $0.rawValue == row.kind } ?? false) {
                check.checked += 1
                guard row.state == "sent" || row.state == "failed", evidence.gap(in: .notifications) == nil else {
                    continue
                }
                let words = "the Notification database says \(row.kind) \(row.state), the log has no event of it"
                if let reason = evidence.inFlight.reason(order, at: [.notification]) {
                    check.waiting("\(words) yet: \(reason.text)", order: order, service: .notification)
                } else {
                    check.broken(
                        words, order: order, event: row.event, service: .notification,
                        at: Place(file: "db/notification/notification.db"))
                }
            }
        }
    }
}

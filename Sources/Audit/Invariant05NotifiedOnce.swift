import Contracts
import Foundation

/// 5. Each final event was notified exactly once, or its failure is on record; at least once where the channel cannot
/// be asked.
enum NotifiedOnce {
    /// The channel whose messages lie in the mailbox.
    static let mailboxChannel = "mbox"

    static func check(_ evidence: Evidence) -> InvariantCheck {
        var check = InvariantCheck(5, "Each outcome is told once, and the mail is there")
        let notices = Notices(evidence.topic(.notifications))
        checkOutcomes(notices, evidence, &check)
        checkNotices(notices, evidence, &check)
        checkRows(notices, evidence, &check)
        checkMailbox(notices, evidence, &check)
        if notices.all.contains(where: { $0.messageID != nil && !$0.isInMailbox }) {
            check.note("a channel that cannot be asked promises at least once")
        }
        return check
    }

    /// NotificationSent or NotificationFailed, by the final event that caused it.
    private struct Notice {
        let id: EventID
        let offset: UInt64
        let order: OrderID?
        let cause: EventID?
        let kind: NotificationKind
        /// Nil where it failed.
        let messageID: String?
        let isInMailbox: Bool
    }

    private struct Notices {
        var all: [Notice] = []
        var byCause: [EventID: [Int]] = [:]

        init(_ topic: TopicFacts) {
            for (offset, event) in topic.said {
                switch event.kind {
                case .notificationSent:
                    let detail = topic.details.sent[Int(event.detail)]
                    add(
                        event, offset, detail.kind, MailboxFacts.bare(detail.messageID),
                        detail.channel == mailboxChannel)
                case .notificationFailed:
                    add(event, offset, topic.details.notSent[Int(event.detail)].kind, nil, false)
                default: continue
                }
            }
        }

        private mutating func add(
            _ event: EventFact, _ offset: UInt64, _ kind: NotificationKind, _ messageID: String?, _ isInMailbox: Bool
        ) {
            if let cause = event.cause { byCause[cause, default: []].append(all.count) }
            all.append(
                Notice(
                    id: event.id, offset: offset, order: event.order, cause: event.cause, kind: kind,
                    messageID: messageID,
                    isInMailbox: isInMailbox))
        }

        func of(_ cause: EventID) -> [Notice] { byCause[cause]?.map { all[$0] } ?? [] }
    }

    // MARK: - From outcome to notice

    private static func checkOutcomes(_ notices: Notices, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let orders = evidence.topic(.orders)
        for (offset, event) in orders.said {
            guard event.kind == .orderConfirmed || event.kind == .orderCancelled, let order = event.order else {
                continue
            }
            check.checked += 1
            let reason = event.kind == .orderCancelled ? orders.details.cancelled[Int(event.detail)].reason : nil
            let kind = Rules.notification(of: reason)
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

    private static func checkNotices(_ notices: Notices, _ evidence: Evidence, _ check: inout InvariantCheck) {
        let notifications = evidence.topic(.notifications)
        for notice in notices.all {
            check.checked += 1
            let place = notifications.place(notice.offset)
            if let messageID = notice.messageID, notice.isInMailbox {
                let copies = evidence.mailbox.messages[messageID]?.count ?? 0
                if copies != 1 {
                    check.broken(
                        "\(messageID) is in the mailbox \(copies == 0 ? "not at all" : "\(copies) times")",
                        order: notice.order, event: notice.id, service: .notification, at: place)
                }
            }
            guard let order = notice.order, let rows = evidence.domain.notifications?[order],
                evidence.hasWritten(.notifications, offset: notice.offset),
                let row = rows.first(where: { $0.kind == notice.kind.rawValue })
            else { continue }  // an order that the table does not know is invariant 1's
            let isSame =
                row.event == notice.cause && row.state == (notice.messageID == nil ? "failed" : "sent")
                && (notice.messageID == nil || MailboxFacts.bare(row.messageID) == notice.messageID)
            if !isSame {
                check.broken(
                    "the Notification database says \(row.state) (\(row.messageID)), the log says "
                        + (notice.messageID.map { "sent (\($0))" } ?? "failed"),
                    order: order, event: notice.id, service: .notification, at: place)
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

    // MARK: - From mail to notice

    private static func checkMailbox(_ notices: Notices, _ evidence: Evidence, _ check: inout InvariantCheck) {
        var explained = Set(notices.all.compactMap(\.messageID))
        for rows in (evidence.services[.notification]?.outbox ?? [:]).values {
            for row in rows {
                guard let event = row.event, event.type == EventKind.notificationSent.type else { continue }
                let sent = try? JSONDecoder().decode(Detail.NotificationSent.self, from: Data(event.data))
                if let sent { explained.insert(MailboxFacts.bare(sent.messageID)) }  // else it explains nothing
            }
        }
        let intents = evidence.services[.notification]?.intents ?? []
        let open = Set(intents.lazy.filter { !$0.isAlert }.compactMap(\.cause))
        if evidence.mailbox.alerts > 0 {
            check.note("\(evidence.mailbox.alerts) messages in the mailbox are for the operator, not for customers")
        }
        for (messageID, starts) in evidence.mailbox.messages where !explained.contains(messageID) {
            let words = "nobody says that \(messageID) was sent"
            let place = Place(file: MailboxFacts.file, offset: starts.first.map(UInt64.init))
            if let event = EventID(messageID.prefix { $0 != "@" }), open.contains(event) {
                check.waiting(
                    "\(words) yet: its delivery is on record and not answered", service: .notification, at: place)
            } else if (starts.first ?? 0) >= evidence.settledMailBytes {
                check.waiting("\(words) yet: it came while the evidence was read", service: .notification, at: place)
            } else if evidence.services[.notification] == nil {
                check.waiting("\(words); \(evidence.noDatabase(of: .notification))", service: .notification, at: place)
            } else if let gap = evidence.gap(in: .notifications) {
                check.waiting("\(words), as far as can be read (\(gap))", service: .notification, at: place)
            } else {
                check.broken("\(words) (byte offset)", service: .notification, at: place)
            }
        }
        check.checked += evidence.mailbox.count - evidence.mailbox.alerts
        for start in evidence.mailbox.nameless where start < evidence.settledMailBytes && open.isEmpty {
            check.broken(
                "a message without a Message-ID (byte offset)", service: .notification,
                at: Place(file: MailboxFacts.file, offset: UInt64(start)))
        }
    }
}

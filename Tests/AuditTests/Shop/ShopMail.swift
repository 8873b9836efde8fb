import Contracts
import Delivery
import Foundation
import GRDB

@testable import NotificationService

// Notification in miniature. The messages themselves are made by the real one, so that what the audit takes for right is held
// against what customers get.

extension Shop {
    static let mailbox = "mail/outbox.mbox"

    var mailboxPath: String { directory + "/" + Self.mailbox }

    static func messageID(_ event: EventID) -> String { "<\(event)@stampede.example>" }

    func tell(_ cause: Envelope, _ kind: NotificationKind, _ db: Database) throws {
        guard let id = cause.orderID else { return }
        try record(
            .notification, key: "mail:\(id):\(kind.rawValue)", kind: "mail", id, cause: cause, request: cause.data, db)
    }

    /// The first letter of a group tells the operator, the tenth, …
    func alert(_ letter: Envelope, _ db: Database) throws {
        let payload = try V1.EventDeadLettered.decoded(from: letter.data)
        for case .call(let call) in try Alerting.decide(payload, for: NotificationService.operatorAddress, db) {
            try record(
                .notification, key: call.key, kind: call.kind, subject: call.subject, newID(), cause: letter,
                request: call.body, db)
        }
    }

    /// One at a time, as the real one takes one batch at a time.
    var isDelivering: Bool { books.calls.contains { $0.service == .notification && $0.stage == .answered } }

    func deliver(_ call: Call) throws -> (Shop, Database, inout [Envelope]) throws -> Void {
        let found = try databases[.notification]?.read { db in
            // The key without its last letter is shortly before it.
            try Intent.open(after: String(call.key.dropLast()), limit: 10, db).filter { $0.key == call.key }
        }
        guard let intent = found?.first else { throw ShopError("no call \(call.key)") }
        let composer = try MailComposer()
        let isAlert = intent.kind == "alert"
        let mail = try isAlert ? composer.compose(Alert(intent)) : composer.compose(Notice(intent))
        try append(Data(MboxFormat.encode(mail)), to: Self.mailbox)
        var status = stat()
        guard stat(mailboxPath, &status) == 0 else { throw ShopError("no mailbox") }
        let mark = Int64(status.st_size)
        let kind = call.key.split(separator: ":").last.flatMap { NotificationKind(rawValue: String($0)) }
        let (channel, messageID) = (said.channel, said.messageID ?? mail.messageID)
        return { shop, db, made in
            try db.execute(
                sql: "INSERT OR REPLACE INTO channel_marks VALUES ('mbox', ?)", arguments: [mark])
            guard !isAlert, let kind else { return }
            let sent = V1.NotificationSent(kind: kind, channel: channel, messageID: messageID)
            made.append(try shop.event(sent, call.order, by: .notification, cause: call.cause))
            try shop.insertNotification(call.order, kind, call.cause.id, messageID, db)
        }
    }

    func insertNotification(
        _ id: OrderID, _ kind: NotificationKind, _ event: EventID, _ messageID: String, _ db: Database
    ) throws {
        try db.execute(
            sql: "INSERT INTO notifications VALUES (?, ?, ?, ?, 'sent', 0)",
            arguments: [Data(id.bytes), kind.rawValue, Data(event.bytes), messageID])
    }
}

import Contracts
import Delivery

/// Makes a message of a notice: a pure function, so the same notice is the same bytes.
package struct MailComposer: Sendable {
    private let wording: Wording
    private let operatorAddress: String

    /// - Throws: `EventFault.brokenRule` where no message can be sent to the operator.
    package init(operatorAddress: String = NotificationService.operatorAddress) throws {
        if let fault = MailAddress.fault(of: operatorAddress) { throw EventFault.brokenRule(fault) }
        self.operatorAddress = operatorAddress
        wording = try Wording.compiled.get()
    }

    /// An alert: text alone, for whoever runs the shop.
    ///
    /// - Throws: `EventFault.brokenRule` if no message can be sent to that address.
    func compose(_ alert: Alert) throws -> OutgoingMail {
        let recipient = alert.body.recipient ?? operatorAddress
        if let fault = MailAddress.fault(of: recipient) { throw EventFault.brokenRule(fault) }
        let text = BodyPart(contentType: "text/plain", text: alert.text)
        let messageID = Notice.messageID(of: alert.cause)
        var message = "Date: \(MailDate.header(alert.raisedAt))\n"
        message += "From: \(Sender.name) <\(Sender.address)>\n"
        message += "To: <\(recipient)>\n"
        message += HeaderField.line("Subject", alert.subjectLine)
        message += "Message-ID: \(messageID)\n"
        message += "X-Stampede-Alert: 1\n"
        message += "MIME-Version: 1.0\n"
        message += "\(text.head)\n\(text.content)"
        if !text.content.hasSuffix("\n") { message += "\n" }
        return OutgoingMail(
            messageID: messageID, recipient: recipient, sender: Sender.address, date: alert.raisedAt,
            message: Array(message.utf8))
    }

    /// RFC 5322 with a text and an HTML part (RFC 2046 §5.1.4), lines ending in "\n".
    ///
    /// - Throws: `EventFault.brokenRule` where no message can be sent to that address.
    package func compose(_ notice: Notice) throws -> OutgoingMail {
        if let fault = MailAddress.fault(of: notice.email) { throw EventFault.brokenRule(fault) }
        let texts = try wording.texts(notice)
        let text = BodyPart(contentType: "text/plain", text: texts.text)
        let html = BodyPart(contentType: "text/html", text: texts.html)
        let boundary = Self.boundary(notice, text, html)
        let messageID = Notice.messageID(of: notice.event)
        var message = ""
        message.reserveCapacity(1024 + text.content.utf8.count + html.content.utf8.count)
        message += "Date: \(MailDate.header(notice.decidedAt))\n"
        message += "From: \(Sender.name) <\(Sender.address)>\n"
        message += "To: <\(notice.email)>\n"
        message += HeaderField.line("Subject", texts.subject)
        message += "Message-ID: \(messageID)\n"
        message += "X-Stampede-Order: \(notice.order)\n"
        message += "X-Stampede-Kind: \(notice.kind.rawValue)\n"
        message += "MIME-Version: 1.0\n"
        message += "Content-Type: multipart/alternative; boundary=\"\(boundary)\"\n\n"
        for part in [text, html] {
            message += "--\(boundary)\n\(part.head)\n\(part.content)"
            if !part.content.hasSuffix("\n") { message += "\n" }
        }
        message += "--\(boundary)--\n"
        return OutgoingMail(
            messageID: messageID, recipient: notice.email, sender: Sender.address, date: notice.decidedAt,
            message: Array(message.utf8))
    }

    /// Derived from the event; made longer for as long as a line of a part begins with it.
    private static func boundary(_ notice: Notice, _ parts: BodyPart...) -> String {
        var boundary = "=_\(notice.event)"
        while parts.contains(where: { $0.hasLine(beginningWith: "--\(boundary)") }) { boundary += "_" }
        return boundary
    }
}

import Contracts

/// What a customer's message says: the audit's own reading of `Notification/Templates`.
///
/// A changed template must be changed here, too; the messages in `AuditTests` are Notification's own, so
/// that the two are compared.
struct MailWording {
    let kind: NotificationKind
    let order: OrderID
    let lines: [OrderLine]
    let total: Money

    var subject: String {
        let short = order.description.suffix(8)
        return switch kind {
        case .confirmation: "Your order \(short) is confirmed"
        case .soldOut: "Your order \(short) could not be filled"
        case .paymentFailed: "Your order \(short) was not paid"
        case .cancellation: "Your order \(short) is cancelled"
        case .refund: "Your refund for order \(short)"
        }
    }

    private var sentences: [String] {
        switch kind {
        case .confirmation: ["Thank you for your order. It is paid for and on its way to our packers."]
        case .soldOut:
            [
                "We are sorry: something you ordered was sold out before we could set it aside.",
                "Nothing was charged, and the order is cancelled.",
            ]
        case .paymentFailed:
            [
                "Your payment did not go through, so the order is cancelled.",
                "Nothing was charged. You are welcome to order again with another card.",
            ]
        case .cancellation: ["As you asked, the order is cancelled. Nothing was charged."]
        case .refund:
            ["As you asked, the order is cancelled. The whole amount, \(amount(total.amount)), goes back to your card."]
        }
    }

    private func amount(_ amount: Int64) -> String { Money(amount: amount, currency: total.currency).text }

    /// Lines that end in "\n".
    var text: String {
        var text = "Hello,\n\n"
        for sentence in sentences { text += sentence + "\n" }
        text += "\nOrder \(order)\n\n"
        for line in lines { text += "  \(line.quantity) x \(line.productID) at \(amount(line.unitPrice))\n" }
        text += "  Total: \(amount(total.amount))\n\n\(MailHeaders.sender)\n"
        return text
    }

    /// The same as a page; lines that end in "\n".
    var html: String {
        var html = "<!DOCTYPE html>\n<html><head><title>\(Self.escaped(subject))</title></head><body>\n<p>Hello,</p>\n"
        for sentence in sentences { html += "<p>\(Self.escaped(sentence))</p>\n" }
        html += "<p>Order <code>\(order)</code></p>\n<table>\n"
        for line in lines {
            html +=
                "<tr><td>\(line.quantity) &times;</td><td>\(Self.escaped(line.productID))</td>"
                + "<td>\(Self.escaped(amount(line.unitPrice)))</td></tr>\n"
        }
        html +=
            "<tr><td colspan=\"2\"><b>Total</b></td><td><b>\(Self.escaped(amount(total.amount)))</b></td></tr>\n"
            + "</table>\n<p>\(MailHeaders.sender)</p>\n</body></html>\n"
        return html
    }

    /// Of one character at a time, as HTML needs it.
    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { "<>&\"'".utf8.contains($0) }) else { return text }
        return text.reduce(into: "") { result, character in
            switch character {
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "&": result += "&amp;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.append(character)
            }
        }
    }
}

/// What the operator is told of a group of dead letters.
struct AlertWording {
    let service: ServiceName
    /// Empty for bytes that are no event.
    let type: String
    let signature: String
    let letters: Int64
    let letter: EventID
    let topic: String
    let offset: UInt64
    let attempts: Int64
    let error: String

    private var what: String { type.isEmpty ? "bytes that are no event" : type }

    var subject: String {
        "[Stampede] \(service.rawValue): \(letters == 1 ? "a dead letter" : "\(letters) dead letters"), \(what)"
    }

    /// Lines that end in "\n".
    var text: String {
        """
        \(service.rawValue)-service gave up on \(what), \(letters == 1 ? "the first time" : "\(letters) times so far") for this reason:

            \(signature)

        The latest:

            event     \(letter)
            place     \(topic), offset \(offset)
            attempts  \(attempts)
            error     \(error)

        Later events of the same order wait behind it; other orders go on.

        See what lies there:      stampede dlq list --service \(service.rawValue)
        This one, whole:          stampede dlq show \(letter)
        When the cause is mended: stampede dlq retry --all --service \(service.rawValue)

        The next message of this kind comes with the \(letters &* 10)th letter.

        """
    }
}

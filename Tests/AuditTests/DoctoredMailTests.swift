import Audit
import Contracts
import Foundation
import GRDB
import Testing

/// Invariant 5: each message is what the events say, for the right person, and the mailbox holds nothing else.
@Suite(.timeLimit(.minutes(15)))
struct DoctoredMailTests {
    struct Doctoring: Sendable, CustomTestStringConvertible {
        let testDescription: String
        /// Returns the bytes of the file, if they are other than the messages' with new frames.
        let change: @Sendable (inout ForgedMailbox) throws -> [UInt8]?

        init(_ name: String, bytes: @escaping @Sendable (inout ForgedMailbox) throws -> [UInt8]?) {
            testDescription = name
            change = bytes
        }

        /// One message, with its frame made anew.
        init(_ name: String, _ kind: String, _ change: @escaping @Sendable (inout ForgedMailbox.Message) throws -> Void)
        {
            self.init(name) { mailbox in
                try change(&mailbox.messages[try mailbox.index(of: kind)])
                return nil
            }
        }
    }

    // MARK: - Without a new frame

    static let torn: [Doctoring] = [
        Doctoring("the end is cut off") { [UInt8]($0.bytes.dropLast(700)) },
        Doctoring("the last byte is cut off") { [UInt8]($0.bytes.dropLast()) },
        Doctoring("the last message is cut off") { mailbox in
            mailbox.messages.removeLast()
            return nil
        },
        Doctoring("the file is empty") { _ in [] },
        Doctoring("a byte of a body is another") { mailbox in
            var bytes = mailbox.bytes
            bytes[bytes.count - 20] ^= 1
            return bytes
        },
        Doctoring("a message is zeros") { mailbox in
            let first = mailbox.messages[0].stored.utf8.count
            var bytes = mailbox.bytes
            for index in 0..<first { bytes[index] = 0 }
            return bytes
        },
        Doctoring("the inner half of a message is zeros") { mailbox in
            var bytes = mailbox.bytes
            for index in 400..<700 { bytes[index] = 0 }
            return bytes
        },
        Doctoring("zeros behind the last message") { $0.bytes + [UInt8](repeating: 0, count: 512) },
        Doctoring("a line break behind the last message") { $0.bytes + [10] },
        Doctoring("text behind the last message") { $0.bytes + Array("hello\n".utf8) },
        Doctoring("text before the first message") { Array("hello\n".utf8) + $0.bytes },
        Doctoring("text before the first message, in its line") { Array("x".utf8) + $0.bytes },
        Doctoring("a line break between two messages") { mailbox in
            let first = mailbox.messages[0].stored.utf8.count
            var bytes = mailbox.bytes
            bytes.insert(10, at: first)
            return bytes
        },
        Doctoring("a frame with a leading zero") { mailbox in
            let text = String(decoding: mailbox.bytes, as: UTF8.self)
            let range = try #require(text.range(of: "X-Stampede-Frame: "))
            return Array(text.replacingCharacters(in: range, with: "X-Stampede-Frame: 0").utf8)
        },
        Doctoring("a frame that counts no byte") { mailbox in
            Array((mailbox.messages[0].separator + "\nX-Stampede-Frame: 0 cbf29ce484222325\n").utf8) + mailbox.bytes
        },
        Doctoring("a frame that counts more than there is") { mailbox in
            mailbox.bytes
                + Array(
                    (mailbox.messages[0].separator + "\nX-Stampede-Frame: 9223372036854775807 cbf29ce484222325\n").utf8)
        },
        Doctoring("a message without a frame") { mailbox in
            Array((mailbox.messages[0].separator + "\n" + mailbox.messages[0].framed).utf8)
                + mailbox.messages.dropFirst().flatMap { Array($0.stored.utf8) }
        },
        Doctoring("separators alone, many") { mailbox in
            mailbox.bytes + Array(String(repeating: "From \n", count: 2000).utf8)
        },
    ]

    // MARK: - With a new frame

    static let headers: [Doctoring] = [
        Doctoring("another recipient", "confirmation") { try $0.set("To", "<eve@evil.test>") },
        Doctoring("one recipient more", "soldOut") { try $0.set("To", "<ann@example.test>, <eve@evil.test>") },
        Doctoring("a recipient with a name", "refund") { try $0.set("To", "Eve <ann@example.test>") },
        Doctoring("a recipient in an encoded word", "refund") {
            try $0.set("To", "=?utf-8?q?=3Cann=40example.test=3E?=")
        },
        Doctoring("no recipient", "refund") { try $0.remove("To") },
        Doctoring("two headers To", "paymentFailed") { $0.insert(header: "To: <eve@evil.test>") },
        Doctoring("To twice, the same", "paymentFailed") { $0.insert(header: try $0.header("To").trimmed) },
        Doctoring("to in small letters", "paymentFailed") { $0.insert(header: "to: <eve@evil.test>") },
        Doctoring("Cc", "confirmation") { $0.insert(header: "Cc: <eve@evil.test>") },
        Doctoring("Bcc, folded", "confirmation") { $0.insert(header: "Bcc:\n <eve@evil.test>") },
        Doctoring("Reply-To", "confirmation") { $0.insert(header: "Reply-To: <eve@evil.test>") },
        Doctoring("an unknown header", "confirmation") { $0.insert(header: "X-Other: 1") },
        Doctoring("a line without a colon", "confirmation") { $0.insert(header: "hello") },
        Doctoring("another sender", "cancellation") { try $0.set("From", "Stampede <orders@evil.test>") },
        Doctoring("another date", "confirmation") { try $0.set("Date", "Sun, 01 Mar 2026 12:00:00 +0000") },
        Doctoring("a date that is none", "confirmation") { try $0.set("Date", "today") },
        Doctoring("no date", "confirmation") { try $0.remove("Date") },
        Doctoring("another subject", "soldOut") { try $0.replace("could not be filled", "is confirmed") },
        Doctoring("another subject, in an encoded word", "soldOut") { try $0.set("Subject", "=?utf-8?q?Your_order?=") },
        Doctoring("another order", "refund") { try $0.set("X-Stampede-Order", "\(OrderID(high: 1, low: 2))") },
        Doctoring("no order", "refund") { try $0.remove("X-Stampede-Order") },
        Doctoring("another kind", "paymentFailed") { try $0.set("X-Stampede-Kind", "confirmation") },
        Doctoring("another Message-ID", "paymentFailed") { try $0.set("Message-ID", "<x@stampede.example>") },
        Doctoring("no Message-ID", "paymentFailed") { try $0.remove("Message-ID") },
        Doctoring("a customer's message that is an alert, too", "confirmation") {
            $0.insert(header: "X-Stampede-Alert: 1")
        },
        Doctoring("a customer's message as an alert", "confirmation") {
            try $0.remove("X-Stampede-Order")
            try $0.set("X-Stampede-Kind", "confirmation")
            try $0.replace("X-Stampede-Kind: confirmation", "X-Stampede-Alert: 1")
        },
        Doctoring("no MIME-Version", "confirmation") { try $0.remove("MIME-Version") },
        Doctoring("a text message", "confirmation") { try $0.replace("multipart/alternative", "text/plain") },
        Doctoring("another separator") { mailbox in
            mailbox.messages[1].separator = "From eve@evil.test Sun Mar  1 12:00:00 2026"
            return nil
        },
        Doctoring("a separator of another day") { mailbox in
            mailbox.messages[1].separator = "From orders@stampede.example Sun Mar  1 12:00:00 2026"
            return nil
        },
    ]

    static let texts: [Doctoring] = [
        Doctoring("another total in the text", "confirmation") {
            try $0.replace("Total: 19.99 GBP", "Total: 1.00 GBP")
        },
        Doctoring("another total in the HTML part", "confirmation") {
            try $0.replace("<b>19.99 GBP</b>", "<b>1.00 GBP</b>")
        },
        Doctoring("another currency", "refund") { try $0.replace("GBP", "USD") },
        Doctoring("another amount paid back", "refund") { try $0.replace("amount, 79.96 GBP", "amount, 9.96 GBP") },
        Doctoring("another quantity", "soldOut") { try $0.replace("80995 x", "1 x") },
        Doctoring("another product", "soldOut") { try $0.replace("P-0002 at", "P-0003 at") },
        Doctoring("another price", "soldOut") { try $0.replace("at 19.99", "at 9.99") },
        Doctoring("a line less in the HTML part", "soldOut") { message in
            let line = try #require(message.framed.components(separatedBy: "\n").first { $0.hasPrefix("<tr><td>8") })
            try message.replace(line + "\n", "")
        },
        Doctoring("a line more", "soldOut") { try $0.replace("  Total", "  1 x P-0001 at 19.99 GBP\n  Total") },
        Doctoring("another order in the text", "confirmation") { message in
            let order = try message.header("X-Stampede-Order").dropFirst("X-Stampede-Order: ".count).description.trimmed
            try message.replaceLast("Order \(order)", "Order \(OrderID(high: 1, low: 2))")
        },
        Doctoring("another order in the HTML part", "confirmation") { message in
            let order = try message.header("X-Stampede-Order").dropFirst("X-Stampede-Order: ".count).description.trimmed
            try message.replace("<code>\(order)", "<code>\(OrderID(high: 1, low: 2))")
        },
        Doctoring("another reason in the text", "paymentFailed") {
            try $0.replace("Your payment did not go through, so the order is cancelled.\n", "It was sold out.\n")
        },
        Doctoring("another reason in the HTML part", "paymentFailed") {
            try $0.replace("<p>Your payment", "<p>Our shop")
        },
        Doctoring("a link in the HTML part", "confirmation") {
            try $0.replace("</body>", "<a href='//evil.test'>x</a></body>")
        },
        Doctoring("letters that look the same", "confirmation") { try $0.replace("Thank you", "Th\u{0430}nk you") },
        Doctoring("an empty text", "cancellation") { message in
            let parts = message.framed.components(separatedBy: "\n\n")
            message.framed = parts[0] + "\n\n"
        },
        Doctoring("a part more", "cancellation") { message in
            let boundary = try #require(message.framed.components(separatedBy: "boundary=\"").last).prefix {
                $0 != "\""
            }
            try message.replaceLast("--\(boundary)--", "--\(boundary)\nContent-Type: text/html\n\nx\n--\(boundary)--")
        },
        Doctoring("text before the parts", "cancellation") { message in
            let boundary = try #require(message.framed.components(separatedBy: "boundary=\"").last).prefix {
                $0 != "\""
            }
            try message.replace(
                "\n\n--\(boundary)\nContent-Type: text/plain", "\n\nx\n--\(boundary)\nContent-Type: text/plain")
        },
        Doctoring("text behind the parts", "cancellation") { $0.framed += "x\n\n" },
        Doctoring("a part in another encoding", "cancellation") {
            try $0.replace("Content-Transfer-Encoding: 7bit", "Content-Transfer-Encoding: base64")
        },
        Doctoring("a part in another charset", "cancellation") { try $0.replace("charset=us-ascii", "charset=utf-7") },
        Doctoring("a message of lines that end in CRLF", "cancellation") { try $0.replace("\n", "\r\n") },
    ]

    static let others: [Doctoring] = [
        Doctoring("a message is gone") { mailbox in
            mailbox.messages.remove(at: 1)
            return nil
        },
        Doctoring("a message is there twice") { mailbox in
            mailbox.messages.append(mailbox.messages[1])
            return nil
        },
        Doctoring("a message that nobody sent") { mailbox in
            var message = mailbox.messages[1]
            try message.set("Message-ID", "<\(EventID(high: 1, low: 2))@stampede.example>")
            mailbox.messages.append(message)
            return nil
        },
        Doctoring("two messages have each other's recipients' texts") { mailbox in
            let (left, right) = (mailbox.messages[0].framed, mailbox.messages[1].framed)
            let (first, second) = (left.range(of: "\n\n"), right.range(of: "\n\n"))
            let (leftBody, rightBody) = (try #require(first), try #require(second))
            mailbox.messages[0].framed = String(left[..<leftBody.lowerBound] + right[rightBody.lowerBound...])
            mailbox.messages[1].framed = String(right[..<rightBody.lowerBound] + left[leftBody.lowerBound...])
            return nil
        },
        Doctoring("a frame that takes in the next message") { mailbox in
            mailbox.messages[0].framed += mailbox.messages[1].stored
            mailbox.messages.remove(at: 1)
            return nil
        },
    ]

    @Test("a mailbox that is not what the events say breaks 5", arguments: torn + headers + texts + others)
    func mailbox(_ doctoring: Doctoring) throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        var mailbox = try ForgedMailbox(shop)
        let bytes = try doctoring.change(&mailbox)
        try mailbox.write(bytes)
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(report.verdict == .invalid)
        #expect(!report.words.contains("ann@") && !report.words.contains("eve@"), "no address in a report")
    }

    @Test("a mailbox that is gone breaks 5")
    func gone() throws {
        let shop = try Shop()
        defer { shop.remove() }
        _ = try shop.tellStory()
        try FileManager.default.removeItem(atPath: shop.mailboxPath)
        let report = try shop.audit()
        #expect(report.broken == [5], "\(report.words)")
        #expect(report[5].violations.contains { $0.message.contains("mail is gone") })
    }

    @Test("a message that is altered is named by its order and its place in the file")
    func named() throws {
        let shop = try Shop()
        defer { shop.remove() }
        let story = try shop.tellStory()
        var mailbox = try ForgedMailbox(shop)
        let index = try mailbox.index(of: "soldOut")
        try mailbox.messages[index].set("To", "<eve@evil.test>")
        try mailbox.write()
        let report = try shop.audit()
        let found = try #require(report[5].violations.first)
        #expect(found.order == story.soldOut.description && found.file == Shop.mailbox)
        #expect(found.offset == UInt64(mailbox.messages[..<index].reduce(0) { $0 + $1.stored.utf8.count }))
        #expect(found.message.contains("not addressed to the order's customer"))
    }

    @Test("texts beyond ASCII, long lines and markup are read as a mail reader reads them")
    func quotedPrintable() throws {
        let shop = try Shop()
        defer { shop.remove() }
        for product in ["Tür – 門 🚪 = =3D", "<b>\"Tea\" & 'cake'</b>", "From here"] { try shop.stock(product, 9) }
        let order = try shop.place([("Tür – 門 🚪 = =3D", 2), ("<b>\"Tea\" & 'cake'</b>", 1), ("From here", 3)])
        try shop.settleAll()
        let report = try shop.audit()
        #expect(report.verdict == .valid, "\(report.words)")
        var mailbox = try ForgedMailbox(shop)
        try mailbox.messages[0].replace("T=C3=BCr", "T=C3=B6r")
        try mailbox.write()
        let doctored = try shop.audit()
        #expect(doctored.broken == [5], "\(doctored.words)")
        #expect(doctored[5].violations.first?.order == order.description)
    }
}

extension StringProtocol {
    fileprivate var trimmed: String { trimmingCharacters(in: .whitespacesAndNewlines) }
}

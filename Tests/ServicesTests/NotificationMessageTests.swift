import Contracts
import Delivery
import Foundation
import Testing
import TestSupport

@testable import NotificationService

/// What a message is made of, and what outsiders cannot make of it.
@Suite("Notification: messages")
struct NotificationMessageTests {
    private let order = OrderID(high: 0x0195_4A00_0000_7000, low: 0x8000_0000_0000_0001)
    private let event = EventID(high: 0x0195_4A00_0000_8000, low: 0x8000_0000_0000_0002)

    private func notice(
        _ kind: NotificationKind = .confirmation, email: String = "ann@example.test", lines: [OrderLine] = Sample.lines,
        total: Money = Sample.total
    ) -> Notice {
        Notice(
            kind: kind, order: order, event: event, email: email, lines: lines, total: total,
            decidedAt: Timestamp("2026-03-01T09:05:07.5Z") ?? Timestamp(microseconds: 0))
    }

    private func read(_ notices: Notice...) throws -> [Mailbox.Message] {
        let composer = try MailComposer()
        return try Mailbox(bytes: try notices.flatMap { MboxFormat.encode(try composer.compose($0)) }).messages
    }

    @Test("each kind of message says its own thing, in a text and an HTML part", arguments: NotificationKind.allCases)
    func kinds(kind: NotificationKind) throws {
        let message = try #require(try read(notice(kind)).first)
        #expect(message.defects == [])
        #expect(message.type == "multipart/alternative")
        #expect(message.id == "<\(event)@stampede.example>")
        #expect(message.kind == kind.rawValue)
        #expect(message.order == order.description)
        #expect(message.to == "<ann@example.test>" || message.to == "ann@example.test")
        #expect(message.from == "Stampede <orders@stampede.example>")
        #expect(message.date == "2026-03-01T09:05:07+00:00")
        #expect(message.subject.contains(order.description.suffix(8)))
        for part in [message.text, message.html] {
            #expect(part.contains(order.description))
            #expect(part.contains("P-0001") && part.contains("P-0002"))
            #expect(part.contains("19.99 GBP") && part.contains("5.00 GBP") && part.contains("44.98 GBP"))
        }
        #expect(!message.text.contains("<"))
        #expect(!message.text.contains("Subject:"))
    }

    @Test("five kinds have five subjects")
    func subjects() throws {
        let subjects = Set(try NotificationKind.allCases.map { try read(notice($0))[0].subject })
        #expect(subjects.count == NotificationKind.allCases.count)
    }

    @Test("the same notice is the same bytes")
    func deterministic() throws {
        #expect(try MailComposer().compose(notice()) == MailComposer().compose(notice()))
    }

    @Test("markup in a product id is shown, not run")
    func htmlIsEscaped() throws {
        let evil = OrderLine(productID: "<script>alert(\"1\")</script>&'", quantity: 1, unitPrice: 1)
        let message = try read(notice(lines: [evil]))[0]
        #expect(message.html.contains("&lt;script&gt;alert(&quot;1&quot;)&lt;/script&gt;&amp;&#39;"))
        #expect(!message.html.contains("<script"))
        #expect(message.text.contains("<script>alert(\"1\")</script>&'"))
    }

    @Test(
        "an address that could add a header, a recipient or nothing at all is refused",
        arguments: [
            "", "ann", "ann@", "@example.test", "ann@example.test\r\nBcc: eve@example.test",
            "ann@example.test\nBcc: e@e.test",
            "a b@example.test", "ann@example.test,eve@example.test", "<ann@example.test>", "ann@exa mple.test",
            "ann@@example.test",
            "ann@example..test", "ann@-example.test", ".ann@example.test", "zoë@example.test", "ann@example.test\u{0}",
            "\"ann\"@example.test", "ann;eve@example.test", "ann@example.test\u{2028}", "ann@[127.0.0.1]",
            String(repeating: "a", count: 65) + "@example.test", "a@" + String(repeating: "b", count: 64) + ".test",
        ])
    func addresses(address: String) throws {
        #expect(MailAddress.fault(of: address) != nil)
        #expect(throws: EventFault.self) { try MailComposer().compose(notice(email: address)) }
    }

    @Test(
        "ordinary addresses are accepted",
        arguments: [
            "ann@example.test", "ann.o'neil+sale@mail.example.co.uk", "a@b", "1_2@3.example",
            "x--y@xn--bcher-kva.example",
        ])
    func goodAddresses(address: String) {
        #expect(MailAddress.fault(of: address) == nil)
    }

    @Test("a subject cannot begin another header, and what is not ASCII comes through")
    func headerText() throws {
        let injected = HeaderField.line("Subject", "Hello\r\nBcc: eve@example.test\u{85}\u{2028}x")
        #expect(injected.split(separator: "\n").count { !$0.hasPrefix(" ") } == 1)
        #expect(!injected.dropLast().contains("\r"))

        let long = "Bestellung bestätigt – " + String(repeating: "schönes Häuschen 🏡 ", count: 12)
        let line = HeaderField.line("Subject", long)
        #expect(line.split(separator: "\n").allSatisfy { $0.utf8.count <= 76 + "Subject: ".utf8.count })
        let mail = OutgoingMail(
            messageID: "<x@y>", recipient: "a@b", sender: "s@t", date: Timestamp(microseconds: 0),
            message: Array(line.utf8))
        #expect(try PythonHeader.decode(mail.message) == long.trimmingCharacters(in: .whitespaces))
    }

    @Test("bodies keep their letters, their long lines and their 'From '")
    func bodies() throws {
        let lines = [
            OrderLine(productID: "From here", quantity: 1, unitPrice: 1),
            OrderLine(productID: "Tür – 門 🚪 = =3D", quantity: 1, unitPrice: 1),
            OrderLine(productID: String(repeating: "x", count: 3000), quantity: 1, unitPrice: 1),
            OrderLine(productID: "two\r\nlines\u{0}", quantity: 1, unitPrice: 1),
        ]
        let mail = try MailComposer().compose(notice(lines: lines))
        #expect(mail.message.split(separator: UInt8(ascii: "\n")).allSatisfy { $0.count <= 998 })
        #expect(mail.message.allSatisfy { $0 < 0x80 })
        let message = try read(notice(lines: lines))[0]
        #expect(message.defects == [])
        for line in lines.dropLast() { #expect(message.text.contains(line.productID)) }
        for line in lines.dropLast() { #expect(message.html.contains(line.productID)) }
    }

    @Test("a body that begins with 'From ' is whole text, nobody's separator")
    func fromLine() throws {
        let text = "From the first line on.\nFrom the second, too.\n>From a quote.\nTrailing space \nend"
        let part = BodyPart(contentType: "text/plain", text: text)
        #expect(part.head.contains("quoted-printable"))
        #expect(!part.content.split(separator: "\n").contains { $0.hasPrefix("From ") })
        let raw = "Message-ID: <a@b>\nSubject: x\n\n" + text + "\n"
        let mail = OutgoingMail(
            messageID: "<a@b>", recipient: "a@b", sender: "s@t", date: Timestamp(microseconds: 0),
            message: Array(raw.utf8))
        let file = String(decoding: MboxFormat.encode(mail), as: UTF8.self)
        #expect(file.split(separator: "\n").count { $0.hasPrefix("From ") } == 1)
        #expect(file.contains("\n>From the first line on.\n>From the second, too.\n>>From a quote.\n"))
    }

    @Test("a part cannot end the message early, even if it knows the boundary")
    func boundary() throws {
        let lines = [OrderLine(productID: "--=_\(event)--", quantity: 1, unitPrice: 1)]
        let message = try read(notice(lines: lines))[0]
        #expect(message.defects == [])
        #expect(message.html.contains("--=_\(event)--"))
    }

    @Test(
        "amounts have the decimals of their currency",
        arguments: [
            (1999, "GBP", "19.99 GBP"), (5, "EUR", "0.05 EUR"), (0, "USD", "0.00 USD"), (1999, "JPY", "1999 JPY"),
            (1999, "KWD", "1.999 KWD"), (-1, "GBP", "-0.01 GBP"), (12345, "CLF", "1.2345 CLF"),
            (Int64.min, "GBP", "-92233720368547758.08 GBP"), (100, "XYZ", "1.00 XYZ"),
        ] as [(Int64, String, String)])
    func amounts(amount: Int64, currency: String, text: String) throws {
        let message = try #require(try read(notice(total: Money(amount: amount, currency: currency))).first)
        #expect(message.text.contains(text) && message.html.contains(text), "\(message.text)")
    }

    @Test(
        "dates carry the right weekday",
        arguments: [
            ("1969-12-31T23:59:59Z", "Wed, 31 Dec 1969 23:59:59 +0000", "Wed Dec 31 23:59:59 1969"),
            ("1970-01-01T00:00:00Z", "Thu, 01 Jan 1970 00:00:00 +0000", "Thu Jan  1 00:00:00 1970"),
            ("2024-02-29T12:00:00Z", "Thu, 29 Feb 2024 12:00:00 +0000", "Thu Feb 29 12:00:00 2024"),
            ("2026-11-21T20:23:30.999999Z", "Sat, 21 Nov 2026 20:23:30 +0000", "Sat Nov 21 20:23:30 2026"),
        ])
    func dates(time: String, header: String, separator: String) throws {
        let time = try #require(Timestamp(time))
        #expect(MailDate.header(time) == header)
        #expect(MailDate.separator(time) == separator)
    }
}

/// A header decoded by Python's email package.
private enum PythonHeader {
    static func decode(_ message: [UInt8]) throws -> String {
        let directory = try TemporaryDirectory()
        let path = "\(directory.path)/message"
        try Data(message).write(to: URL(fileURLWithPath: path))
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import email,email.policy,sys;sys.stdout.write(email.message_from_binary_file(open(sys.argv[1],'rb'),policy=email.policy.default)['Subject'])",
            path,
        ]
        process.environment = [
            "PATH": ProcessInfo.processInfo.environment["PATH"] ?? "/usr/bin", "PYTHONIOENCODING": "utf-8",
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespaces)
    }
}

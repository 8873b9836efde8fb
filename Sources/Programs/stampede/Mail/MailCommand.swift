import ArgumentParser
import Contracts

/// What a customer was told of an order.
struct MailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail",
        abstract: "Print the messages that an order's customer was sent.",
        discussion: """
            From the mailbox file (mail/outbox.mbox): headers and the plain text part; --json has the HTML part too.
            Exit codes: 0 there are messages, 1 there are none.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The order's id, or the end of it as 'stampede tail' shows it.")
    var order: OrderArgument

    func run() throws {
        try common.directory.require()
        let order = try order.resolve(common.directory)
        let messages = try MailboxSearch(path: common.directory.mailbox).messages(of: order)
        let output = Output()
        if common.json {
            let document = JSONValue.object([
                "orderId": .string(order.description),
                "messages": .array(messages.map { $0.json(Personal(isShown: true)) }),
            ])
            output.line(try document.document())
        } else {
            for (index, message) in messages.enumerated() {
                if index > 0 { output.line(output.style.paint(String(repeating: "─", count: output.width), .faint)) }
                print(message, output)
            }
        }
        output.flush()
        if messages.isEmpty { throw Failure.noMail(order: order.description, mailbox: common.directory.mailbox) }
    }

    private func print(_ message: MailMessage, _ output: Output) {
        for header in message.shownHeaders {
            output.line(
                output.style.paint(TerminalText.safe(header.name) + ":", .strong) + " "
                    + TerminalText.safe(header.value))
        }
        output.line()
        output.lines(TerminalText.safeLines(message.text ?? message.html ?? ""))
    }
}

extension MailMessage {
    /// All but how the parts are packed, and how the message lies in the file.
    var shownHeaders: [Header] {
        headers.filter { header in
            let name = header.name.lowercased()
            return !name.hasPrefix("content-") && name != "mime-version" && name != "x-stampede-frame"
        }
    }

    func json(_ personal: Personal) -> JSONValue {
        .object([
            "headers": .array(
                headers.map { header in
                    let isTo = header.name.lowercased() == "to"
                    let value = isTo ? personal.view(address: header.value) ?? "" : header.value
                    return .object(["name": .string(header.name), "value": .string(value)])
                }),
            "messageId": JSONValue(header("Message-ID")), "kind": JSONValue(header("X-Stampede-Kind")),
            "date": JSONValue(header("Date")), "from": JSONValue(header("From")),
            "to": JSONValue(personal.view(address: header("To"))),
            "subject": JSONValue(header("Subject")), "text": JSONValue(text), "html": JSONValue(html),
        ])
    }
}

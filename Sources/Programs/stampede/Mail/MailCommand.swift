import ArgumentParser
import Audit
import Contracts

/// What a customer was told of an order, and the operator of dead letters.
struct MailCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "mail",
        abstract: "Print the messages that an order's customer was sent, or the operator.",
        discussion: """
            From the mailbox file (mail/outbox.mbox): headers and the plain text part; --json has the HTML part too.
            --alerts prints what the operator was told of dead letters.
            Exit codes: 0 there are messages, 1 there are none.
            """)

    @OptionGroup var common: CommonOptions

    @Argument(help: "The order's id, or the end of it as 'stampede tail' shows it.")
    var order: OrderArgument?

    @Flag(
        help: "Print the messages to the operator: of each group of dead letters, the first, the tenth, the hundredth.")
    var alerts = false

    func validate() throws {
        guard (order == nil) == alerts else { throw ValidationError("name an order, or --alerts") }
    }

    func run() throws {
        try common.directory.require()
        let order = try order?.resolve(common.directory)
        let search = MailboxSearch(path: common.directory.mailbox)
        let messages = try order.map { try search.messages(of: $0) } ?? search.alerts()
        let output = Output()
        if common.json {
            var document: [String: JSONValue] = ["messages": .array(messages.map { $0.json(Personal(isShown: true)) })]
            if let order { document["orderId"] = .string(order.description) }
            output.line(try JSONValue.object(document).document())
        } else {
            for (index, message) in messages.enumerated() {
                if index > 0 { output.line(output.style.paint(String(repeating: "─", count: output.width), .faint)) }
                print(message, output)
            }
        }
        output.flush()
        guard messages.isEmpty else { return }
        throw order.map { Failure.noMail(order: $0.description, mailbox: common.directory.mailbox) }
            ?? Failure.noAlerts(mailbox: common.directory.mailbox)
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

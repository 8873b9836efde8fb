import Contracts

/// An order's story for a terminal: what it is, what happened, what is on record, what it waits for.
struct OrderText {
    let story: OrderStory

    func lines(width: Int, style: Style) -> [String] {
        var lines = head(width, style)
        for table in [events, records] where !table.rows.isEmpty {
            lines.append("")
            lines += table.lines(width: width, style: style)
        }
        lines.append("")
        if story.waits.isEmpty {
            lines += TerminalText.wrapped(
                isKnownToBeDone ? "Nothing is waited for." : "What it waits for is not known.", to: width)
        }
        for wait in story.waits {
            let since = Words.duration(
                microseconds: max(0, story.time.microseconds - wait.awaited.trigger.envelope.time.microseconds))
            let text = TerminalText.safe(
                "Waits for \(wait.awaited.service.rawValue): \(wait.awaited.words), for \(since) now.")
            lines += TerminalText.wrapped(text, to: width).map { style.paint($0, .warning) }
            lines += TerminalText.wrapped(TerminalText.safe(wait.why), to: width - 2).map { "  " + $0 }
        }
        return lines
    }

    private var isKnownToBeDone: Bool { story.progress.outcome != nil && story.problems.isEmpty }

    // MARK: - Head

    private func head(_ width: Int, _ style: Style) -> [String] {
        let status = story.status + (story.reason.map { " (\($0))" } ?? "")
        let paint: Style.Paint? = story.status == "confirmed" ? .good : .warning
        let title = style.paint("Order", .strong) + " \(story.order)  " + style.paint(TerminalText.safe(status), paint)
        let created = story.story.last(V1.OrderCreated.type)?.data
        let row = story.row
        let total = Words.money(created?["total"])
        let parts = [
            total, created.map { Words.lines($0["lines"]) } ?? row.map { Words.lines($0["lines"]) },
            (created?["customerID"]?.text ?? row?["customerId"]?.text).map { "customer \($0)" },
            created?["email"]?.text ?? row?["email"]?.text, story.start.map { "placed \($0)" },
            story.progress.settledAfter.map { "settled in \(Words.duration(microseconds: $0))" },
        ].compactMap(\.self).filter { !$0.isEmpty }
        return [title] + TerminalText.wrapped(TerminalText.safe(parts.joined(separator: ", ")), to: width)
    }

    // MARK: - Events

    private var events: Table {
        var table = Table([
            .init(title: "#", alignment: .right), .init(title: "AFTER", alignment: .right), .init(title: "PLACE"),
            .init(title: "EVENT"), .init(title: "CAUSE", alignment: .right), .init(title: "SAYS", isFlexible: true),
        ])
        for event in story.story.events {
            let cause = event.cause.map { "#\($0)" } ?? (event.envelope.causationID == nil ? "-" : "?")
            table.add([
                .init(String(event.number)), .init(Words.duration(microseconds: story.after(event))),
                .init("\(event.topic.name)@\(event.offset)", .faint), .init(event.envelope.type), .init(cause),
                .init(event.summary),
            ])
        }
        return table
    }

    // MARK: - Records

    private var records: Table {
        var table = Table([.init(title: "WHERE"), .init(title: "WHAT"), .init(title: "SAYS", isFlexible: true)])
        func add(_ place: String, _ what: String, _ parts: [String?], _ paint: Style.Paint? = nil) {
            let says = parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
            table.add([.init(place), .init(what), .init(says, paint)])
        }
        for service in story.records {
            let name = service.service.rawValue
            for (what, rows) in service.rows {
                for row in rows { add(name, what, Self.says(row)) }
            }
            for call in service.calls { add(name, "call", [call["key"]?.text, call["state"]?.text]) }
            for row in service.parked {
                add(name, "parked", [place(row), row["error"]?.text ?? "behind an earlier event"], .warning)
            }
            for row in service.deadLetters {
                add(name, "dead letter", [place(row), row["state"]?.text, row["error"]?.text], .bad)
            }
            for type in service.unpublished { add(name, "unpublished", [type]) }
        }
        for key in story.gateway.keys { add("gateway", "key", [key["key"]?.text, key["outcome"]?.text]) }
        for entry in story.gateway.ledger {
            add("gateway", entry["kind"]?.text ?? "entry", [money(entry), entry["gatewayId"]?.text])
        }
        for message in story.messages {
            add(
                "mailbox", message.header("X-Stampede-Kind") ?? "message",
                [message.header("To"), message.header("Subject")])
        }
        return table
    }

    /// The columns that a reader asks for first.
    private static func says(_ row: JSONValue) -> [String?] {
        let money = row["amount"]?.whole ?? row["totalAmount"]?.whole
        return [
            row["status"]?.text ?? row["state"]?.text ?? row["outcome"]?.text, row["kind"]?.text,
            row["reason"]?.text ?? row["failureReason"]?.text, row["declineCode"]?.text,
            money.flatMap { amount in row["currency"]?.text.map { Words.money(amount, $0) } },
            Words.lines(row["lines"]),
            row["paymentIntent"]?.text, row["refund"]?.text, row["requestedAt"]?.text,
            row["reports"]?.whole.map { Words.counted($0, "report") },
        ]
    }

    private func place(_ row: JSONValue) -> String? {
        row["topic"]?.text.map { "\($0)@\(row["offset"]?.whole ?? 0)" }
    }

    private func money(_ entry: JSONValue) -> String? {
        guard let amount = entry["amount"]?.whole, let currency = entry["currency"]?.text else { return nil }
        return Words.money(amount, currency)
    }
}

import CommandLineKit
import Contracts

/// An order's story for a terminal: what it is, what it waits for, what happened and how long it took, what is on record.
struct OrderText {
    let story: OrderStory

    func lines(width: Int, style: Style) -> [String] {
        var lines = head(width, style) + [""] + waits(width, style)
        for block in [
            events.lines(width: width, style: style, hasRows: true),
            Waterfall(story: story).lines(width: width, style: style),
            RecordsTable(story: story).table.lines(width: width, style: style, hasRows: true),
        ] where !block.isEmpty {
            lines += [""] + block
        }
        return lines
    }

    // MARK: - Head

    private func head(_ width: Int, _ style: Style) -> [String] {
        let status = story.status + (story.reason.map { " (\($0))" } ?? "")
        let paint: Style.Paint? = story.status == "confirmed" ? .good : .warning
        let title = style.paint("Order", .strong) + " \(story.order)  " + style.paint(TerminalText.safe(status), paint)
        let created = story.story.last(V1.OrderCreated.type)?.data
        let row = story.row
        let parts = [
            Words.money(created?["total"]),
            created.map { Words.lines($0["lines"]) } ?? row.map { Words.lines($0["lines"]) },
            (created?["customerID"]?.text ?? row?["customerId"]?.text).map { "customer \($0)" },
            story.personal.view(address: created?["email"]?.text ?? row?["email"]?.text),
            story.start.map { "placed \($0)" },
            story.progress.settledAfter.map { "settled in \(Words.duration(microseconds: $0))" },
        ].compactMap(\.self).filter { !$0.isEmpty }
        return [title] + TerminalText.wrapped(TerminalText.safe(parts.joined(separator: ", ")), to: width)
    }

    // MARK: - Waiting

    private func waits(_ width: Int, _ style: Style) -> [String] {
        guard !story.waits.isEmpty else {
            let isKnownToBeDone = story.progress.outcome != nil && story.problems.isEmpty
            return TerminalText.wrapped(
                isKnownToBeDone ? "Nothing is waited for." : "What it waits for is not known.", to: width)
        }
        return story.waits.flatMap { wait in
            let age = wait.since.map {
                ", for \(Words.duration(microseconds: max(0, (story.time - $0).microseconds))) now"
            }
            let text = TerminalText.safe(
                "Waits for \(wait.awaited.service.rawValue): \(wait.awaited.words)\(age ?? "").")
            return TerminalText.wrapped(text, to: width).map { style.paint($0, .warning) }
                + TerminalText.wrapped(TerminalText.safe(wait.reason.text), to: width - 2).map { "  " + $0 }
                + story.commands(wait).map { "  Type: " + style.paint(TerminalText.safe($0), .strong) }
        }
    }

    // MARK: - Events

    private var events: Table {
        var table = Table([
            .init(title: "#", alignment: .right), .init(title: "AFTER", alignment: .right), .init(title: "PLACE"),
            .init(title: "EVENT"), .init(title: "CAUSE", alignment: .right), .init(title: "SAYS", isFlexible: true),
        ])
        for event in story.story.events {
            let cause = event.cause.map { "#\($0)" } ?? (event.envelope.causationID == nil ? "-" : "?")
            let says = event.repeats.map { "#\($0) delivered again: ignored where it was known" } ?? event.summary
            table.add([
                .init(String(event.number)), .init(Words.duration(microseconds: story.after(event))),
                .init(event.place, .faint), .init(event.envelope.type), .init(cause),
                .init(says, event.repeats == nil ? nil : .warning),
            ])
        }
        return table
    }
}

extension OrderStory {
    /// What to type next, for this data directory.
    func commands(_ wait: Wait) -> [String] {
        wait.reason.commands.map(CommandHints.command)
    }
}

extension Table {
    /// Nothing, titles included, where there is no row.
    func lines(width: Int, style: Style, hasRows: Bool) -> [String] {
        hasRows && rows.isEmpty ? [] : lines(width: width, style: style)
    }
}

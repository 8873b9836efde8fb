import Audit
import Contracts

/// What is on record of an order besides its events: rows, calls, letters, the gateway's books, messages.
struct RecordsTable {
    let story: OrderStory

    private struct Line {
        let place: String
        let what: String
        let parts: [String?]
        var paint: Style.Paint?
    }

    var table: Table {
        var table = Table([.init(title: "WHERE"), .init(title: "WHAT"), .init(title: "SAYS", isFlexible: true)])
        for line in story.records.flatMap(lines) + gateway + messages {
            let says = line.parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
            table.add([.init(line.place), .init(line.what), .init(says, line.paint)])
        }
        return table
    }

    private func lines(_ service: ServiceRecords) -> [Line] {
        let name = service.service.rawValue
        var lines = service.rows.flatMap { what, rows in
            rows.map { Line(place: name, what: what, parts: Self.says($0)) }
        }
        lines += service.calls.map { Line(place: name, what: "call", parts: [$0["key"]?.text, $0["state"]?.text]) }
        lines += service.parked.map {
            Line(
                place: name, what: "parked", parts: [place($0), $0["error"]?.text ?? "behind an earlier event"],
                paint: .warning)
        }
        lines += service.deadLetters.map {
            Line(
                place: name, what: "dead letter", parts: [place($0), $0["state"]?.text, $0["error"]?.text],
                paint: $0["state"]?.text == "open" ? .bad : nil)
        }
        lines += service.actions.map {
            Line(
                place: name, what: $0["action"]?.text ?? "action",
                parts: ["by", $0["actor"]?.text, $0["reason"]?.text ?? $0["detail"]?.text])
        }
        lines += service.anomalies.map {
            Line(place: name, what: "anomaly", parts: [place($0), $0["text"]?.text], paint: .warning)
        }
        lines += service.unpublished.map {
            Line(place: name, what: "unpublished", parts: [$0.envelope.type, "since", Words.clock($0.envelope.time)])
        }
        return lines
    }

    private var gateway: [Line] {
        story.gateway.keys.map { Line(place: "gateway", what: "key", parts: [$0["key"]?.text, $0["outcome"]?.text]) }
            + story.gateway.ledger.map {
                Line(place: "gateway", what: $0["kind"]?.text ?? "entry", parts: [money($0), $0["gatewayId"]?.text])
            }
    }

    private var messages: [Line] {
        story.messages.map {
            Line(
                place: "mailbox", what: $0.header("X-Stampede-Kind") ?? "message",
                parts: [story.personal.view(address: $0.header("To")), $0.header("Subject")])
        }
    }

    /// The columns that a reader asks for first.
    private static func says(_ row: JSONValue) -> [String?] {
        let money = row["amount"]?.whole ?? row["totalAmount"]?.whole
        return [
            row["status"]?.text ?? row["state"]?.text ?? row["outcome"]?.text, row["kind"]?.text,
            row["reason"]?.text ?? row["failureReason"]?.text, row["declineCode"]?.text,
            money.flatMap { amount in row["currency"]?.text.map { Money(amount: amount, currency: $0).text } },
            Words.lines(row["lines"]), row["paymentIntent"]?.text, row["refund"]?.text, row["requestedAt"]?.text,
            row["reports"]?.whole.map { Words.counted($0, "report") },
        ]
    }

    private func place(_ row: JSONValue) -> String? {
        row["topic"]?.text.map { "\($0)@\(row["offset"]?.whole ?? 0)" }
    }

    private func money(_ entry: JSONValue) -> String? {
        guard let amount = entry["amount"]?.whole, let currency = entry["currency"]?.text else { return nil }
        return Money(amount: amount, currency: currency).text
    }
}

import Audit
import Contracts

/// An order's story as a sequence diagram (mermaid.js.org, `sequenceDiagram`).
struct OrderMermaid {
    let story: OrderStory

    func lines() -> [String] {
        var lines = ["sequenceDiagram", "    participant Shopper"]
        lines += participants.map { "    participant \($0)" }
        if let first = story.story.events.first, let service = first.service {
            lines.append(arrow("Shopper", service.rawValue, "places order \(story.order)"))
        }
        for event in story.story.events { lines += self.lines(event) }
        for message in story.messages {
            lines.append(arrow("notification", "Shopper", "mail: " + (message.header("Subject") ?? "a message")))
        }
        for wait in story.waits {
            let text = "waits for \(wait.awaited.words): \(wait.reason.text)"
            lines.append("    Note over \(wait.awaited.service.rawValue): \(Self.safe(text))")
        }
        return lines
    }

    private var participants: [String] {
        let services = ServiceName.allCases.filter { service in
            story.story.events.contains { $0.service == service }
                || story.waits.contains { $0.awaited.service == service }
        }.map(\.rawValue)
        return services + (story.gateway.isEmpty ? [] : ["gateway"])
    }

    /// An event goes to each service that made something of it; where none did, to the one that has yet to, or nowhere.
    private func lines(_ event: StoryEvent) -> [String] {
        guard let service = event.service?.rawValue else { return [] }
        let text = "\(event.envelope.type) +\(Words.duration(microseconds: story.after(event))) \(event.summary)"
        if let original = event.repeats {
            return ["    Note over \(service): \(Self.safe("#\(original) delivered again"))"]
        }
        var readers = story.story.events.filter { $0.cause == event.number && $0.repeats == nil }
            .compactMap { $0.service?.rawValue }
        readers += story.waits.filter { $0.awaited.trigger?.number == event.number }.map(\.awaited.service.rawValue)
        var lines = calls(event, service)
        let unique = readers.reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
        lines += unique.map { arrow(service, $0, text) }
        if unique.isEmpty { lines.append("    Note over \(service): \(Self.safe(text))") }
        return lines
    }

    /// The gateway's answer that an event tells of.
    private func calls(_ event: StoryEvent, _ service: String) -> [String] {
        guard !story.gateway.isEmpty, event.service == .payment else { return [] }
        let kind = event.envelope.type == V1.PaymentRefunded.type ? "refund" : "charge"
        return story.gateway.keys.filter { $0["key"]?.text?.hasPrefix(kind) ?? false }.flatMap { key in
            [
                arrow(service, "gateway", key["key"]?.text ?? kind),
                "    gateway-->>\(service): \(Self.safe(key["outcome"]?.text ?? "answered"))",
            ]
        }
    }

    private func arrow(_ from: String, _ to: String, _ text: String) -> String {
        "    \(from)->>\(to): \(Self.safe(text))"
    }

    /// Longest text of an arrow, in characters.
    private static let limit = 160

    /// Text from outside, of which nothing can be taken for the diagram's own signs: all but plain letters, digits and a
    /// few marks is written as an entity code (`#59;`).
    static func safe(_ text: String) -> String {
        TerminalText.fitted(TerminalText.safe(text), to: limit).unicodeScalars.map { scalar -> String in
            let isPlain = scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar))
            return isPlain || " .,-_@/()".unicodeScalars.contains(scalar) ? String(scalar) : "#\(scalar.value);"
        }.joined()
    }
}

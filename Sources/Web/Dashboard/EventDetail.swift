import Contracts

/// What an event says beyond its type, for a page that anybody on this machine may open: no card, no address.
enum EventDetail {
    static func text(_ event: Envelope) -> String {
        guard let data = JSONValue.parse(event.data) else { return "data that is no JSON" }
        let lines = data["lines"]?.elements ?? []
        let parts: [String?] = [
            lines.isEmpty ? nil : lines.map(line).joined(separator: ", "),
            data["reason"]?.text, data["declineCode"]?.text, data["kind"]?.text, data["waitsFor"]?.text,
            (data["shortages"]?.elements).map { $0.map(shortage).joined(separator: ", ") },
        ]
        return parts.compactMap(\.self).joined(separator: " · ")
    }

    private static func line(_ line: JSONValue) -> String {
        "\(line["quantity"]?.whole ?? 0) × \(line["productID"]?.text ?? "?")"
    }

    private static func shortage(_ shortage: JSONValue) -> String {
        "\(shortage["requested"]?.whole ?? 0) × \(shortage["productID"]?.text ?? "?") wanted, "
            + "\(shortage["available"]?.whole ?? 0) there"
    }
}

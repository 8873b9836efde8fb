import Contracts

/// What an event says, in a few words.
///
/// Reads the JSON and not the payload types: an event of a version yet to come, or a damaged one, must still be shown.
enum EventSummary {
    static func text(type: String, data: [UInt8]) -> String {
        guard let data = JSONValue.parse(data) else { return "data that is no JSON" }
        return text(type: type, data: data)
    }

    static func text(type: String, data: JSONValue) -> String {
        let parts: [String?] =
            switch type {
            case V1.OrderCreated.type, V1.OrderConfirmed.type:
                [Words.money(data["total"]), Words.lines(data["lines"])]
            case V1.OrderCancellationRequested.type: ["the customer asks"]
            case V1.OrderCancelled.type: [data["reason"]?.text, Words.money(data["total"])]
            case V1.StockReserved.type: [Words.lines(data["lines"]), until(data["expiresAt"])]
            case V1.StockRejected.type: (data["shortages"]?.elements ?? []).map(shortage)
            case V1.StockReleased.type: [Words.lines(data["lines"]), data["reason"]?.text]
            case V1.StockAdjusted.type: [signed(data["delta"]), data["reason"]?.text]
            case V1.PaymentSucceeded.type: [Words.money(data["amount"]), data["paymentIntent"]?.text]
            case V1.PaymentFailed.type: [data["reason"]?.text, data["declineCode"]?.text]
            case V1.PaymentRefunded.type: [Words.money(data["amount"]), data["refund"]?.text]
            case V1.NotificationSent.type: [data["kind"]?.text, data["channel"]?.text.map { "by \($0)" }]
            case V1.NotificationFailed.type: [data["kind"]?.text, data["reason"]?.text]
            case V1.OrderStuck.type: [data["waitsFor"]?.text.map { "waits for \($0)" }]
            case V1.StockRanLow.type: [data["available"]?.whole.map { "\($0) left" }]
            case V1.EventDeadLettered.type: [place(data), data["errorKind"]?.text, data["error"]?.text]
            case V1.DeadLetterRedriven.type:
                [letter(data), data["wasDuplicate"] == .bool(true) ? "a duplicate" : nil, by(data)]
            case V1.DeadLetterEdited.type, V1.DeadLetterDiscarded.type: [letter(data), by(data), data["reason"]?.text]
            default: [brief(data)]
            }
        return parts.compactMap(\.self).filter { !$0.isEmpty }.joined(separator: " ")
    }

    private static func until(_ time: JSONValue?) -> String? {
        time?.text.flatMap { Timestamp($0) }.map { "until " + Words.clock($0).prefix(8) }
    }

    private static func shortage(_ shortage: JSONValue) -> String? {
        guard let product = shortage["productID"]?.text else { return nil }
        return "\(product) wants \(shortage["requested"]?.whole ?? 0) has \(shortage["available"]?.whole ?? 0)"
    }

    private static func signed(_ delta: JSONValue?) -> String? {
        delta?.whole.map { ($0 > 0 ? "+" : "") + Words.count($0) }
    }

    private static func letter(_ data: JSONValue) -> String? {
        data["eventID"]?.text.map { "…" + $0.suffix(8) }
    }

    private static func by(_ data: JSONValue) -> String? {
        data["actor"]?.text.map { "by \($0)" }
    }

    private static func place(_ data: JSONValue) -> String? {
        guard let topic = data["topic"]?.text else { return nil }
        return "\(topic)@\(data["offset"]?.whole ?? 0)"
    }

    /// The plain members of a type that this program does not know.
    private static func brief(_ data: JSONValue) -> String? {
        guard case .object(let members) = data else { return nil }
        return members.sorted { $0.key < $1.key }.compactMap { key, value in
            switch value {
            case .string(let text): "\(key)=\(text)"
            case .integer(let whole): "\(key)=\(whole)"
            case .bool(let truth): "\(key)=\(truth)"
            default: nil
            }
        }.joined(separator: " ")
    }
}

import Contracts
import Foundation

/// One event on one line.
enum TailLine {
    private static let typeWidth = 19
    private static let subjectWidth = 9

    /// - Parameter placeWidth: columns for topic@offset.
    static func text(_ entry: TailEntry, placeWidth: Int, width: Int, style: Style) -> String {
        let place = padded("\(entry.topic.name)@\(entry.offset)", placeWidth)
        guard let event = entry.envelope else {
            let line = "--:--:--.--- \(place) \(padded("unreadable", typeWidth)) \(entry.reason ?? "")"
            return style.paint(style.fitted(TerminalText.safe(line), to: width), .bad)
        }
        let type = padded(event.type, typeWidth)
        // Keys stay whole; what the event says is cut.
        let head = TerminalText.safe(
            "\(Words.clock(event.time)) \(place) \(type) \(padded(Words.short(event.subject), subjectWidth)) ")
        let says = TerminalText.safe(EventSummary.text(type: event.type, data: event.data))
        let fitted = (head + style.fitted(says, to: width - TerminalText.width(head))).trimmingSuffix(" ")
        guard style.isColoured, let paint = paint(event.type) else { return fitted }
        return fitted.replacing(
            TerminalText.safe(event.type), with: style.paint(TerminalText.safe(event.type), paint), maxReplacements: 1)
    }

    private static func padded(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(0, width - TerminalText.width(text)))
    }

    private static func paint(_ type: String) -> Style.Paint? {
        switch type {
        case V1.OrderConfirmed.type, V1.PaymentSucceeded.type: .good
        case V1.EventDeadLettered.type, V1.NotificationFailed.type: .bad
        case V1.OrderCancelled.type, V1.StockRejected.type, V1.PaymentFailed.type, V1.OrderStuck.type,
            V1.StockRanLow.type:
            .warning
        default: nil
        }
    }

    /// CloudEvents structured mode with two more attributes: where the event lies.
    static func json(_ entry: TailEntry) -> String? {
        guard let event = entry.envelope else { return nil }
        let place = ",\"topic\":\(quoted(entry.topic.name)),\"offset\":\(entry.offset)}"
        return JSONText.safeLine(String(CloudEventJSON(event).line().dropLast()) + place)
    }

    private static func quoted(_ text: String) -> String {
        // A string always encodes.
        (try? JSONEncoder().encode(text)).map { String(decoding: $0, as: UTF8.self) } ?? "\"\""
    }
}

extension String {
    fileprivate func trimmingSuffix(_ character: Character) -> String {
        var text = self
        while text.last == character { text.removeLast() }
        return text
    }
}

import ArgumentParser
import Contracts

/// What an operator has at hand to name an order by.
struct OrderName: ExpressibleByArgument {
    let text: String

    init?(argument: String) {
        let text = argument.hasPrefix("…") ? String(argument.dropFirst()) : argument
        guard (1...Self.maximumBytes).contains(text.utf8.count) else { return nil }
        self.text = text
    }

    /// Longest key or customer that a checkout takes, and then some.
    private static let maximumBytes = 1000

    /// An order's id, a correlation id (which is its order's), or an event's.
    var id: OrderID? { OrderID(text) }

    /// The end of an order's id, as `tail` shows it.
    var ending: OrderEnding? { OrderEnding(text) }

    /// The event that a message tells of: its Message-ID is `<EVENT-ID@stampede.example>`.
    var messageEvent: EventID? {
        let bare = text.hasPrefix("<") && text.hasSuffix(">") ? text.dropFirst().dropLast() : text[...]
        guard let at = bare.firstIndex(of: "@") else { return nil }
        return EventID(bare[..<at])
    }
}

/// Enough of an order id's end to mean one of many.
struct OrderEnding {
    let text: String
    private let low: UInt64

    private static let digits = 8...12

    init?(_ text: some StringProtocol) {
        guard Self.digits.contains(text.utf8.count), text.allSatisfy({ $0.isASCII && $0.isHexDigit }),
            let low = UInt64(text, radix: 16)
        else { return nil }
        self.text = text.lowercased()
        self.low = low
    }

    func matches(_ order: OrderID) -> Bool {
        let mask: UInt64 = (1 << UInt64(4 * text.count)) - 1
        return order.low & mask == low
    }

    /// Whole bytes at the end of the id; half a byte more is compared by `matches`.
    var bytes: [UInt8] {
        (0..<text.count / 2).reversed().map { UInt8(truncatingIfNeeded: low >> UInt64(8 * $0)) }
    }
}

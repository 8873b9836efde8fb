/// The verdict on a run: one word, the same on every surface (`stampede audit`, the report of `flash-sale`, the dashboard).
package enum Verdict: String, Codable, Sendable, CaseIterable {
    /// Every invariant holds. Orders that dead letters hold up are accounted for, and named beside the word.
    case valid = "VALID"
    /// An invariant is broken.
    case invalid = "INVALID"
    /// Nothing is broken, but work is in flight or evidence is missing.
    case unknown = "UNKNOWN"
    /// Nothing is broken or missing, and no order was ever placed.
    case nothingToJudge = "NOTHING TO JUDGE"

    /// The one definition: broken wins over unknown, unknown over all that holds.
    ///
    /// - Parameter orders: how many were ever placed, as far as is known.
    package init(of truths: some Sequence<Truth>, orders: Int) {
        var isUnknown = false
        for truth in truths {
            switch truth {
            case .yes: continue
            case .unknown: isUnknown = true
            case .no:
                self = .invalid
                return
            }
        }
        self = isUnknown ? .unknown : orders > 0 ? .valid : .nothingToJudge
    }

    package var exitCode: Int32 {
        switch self {
        case .valid: 0
        case .invalid: 3
        case .unknown, .nothingToJudge: 4
        }
    }
}

/// Worse is greater.
extension Verdict: Comparable {
    private var severity: Int {
        switch self {
        case .valid: 0
        case .nothingToJudge: 1
        case .unknown: 2
        case .invalid: 3
        }
    }

    package static func < (left: Self, right: Self) -> Bool { left.severity < right.severity }
}

/// Whether one invariant holds.
package enum Truth: Sendable, Equatable {
    case yes, no, unknown

    /// As every surface writes it.
    package var word: String {
        switch self {
        case .yes: "holds"
        case .no: "BROKEN"
        case .unknown: "unknown"
        }
    }
}

/// In JSON `true`, `false` or `"unknown"`.
extension Truth: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let value = try? container.decode(Bool.self) {
            self = value ? .yes : .no
            return
        }
        let text = try container.decode(String.self)
        guard text == "unknown" else {
            throw DecodingError.dataCorruptedError(
                in: container, debugDescription: "'\(text)' is not true, false or unknown")
        }
        self = .unknown
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .yes: try container.encode(true)
        case .no: try container.encode(false)
        case .unknown: try container.encode("unknown")
        }
    }
}

/// What dead letters hold up: what a VALID run still owes, in the words of every surface.
package struct HeldUp: Sendable, Equatable {
    /// Orders of which an event is an open dead letter, or waits behind one.
    package var orders: Int
    /// Dead letters that hold those orders up.
    package var holding: Int
    /// All open dead letters.
    package var deadLetters: Int

    package init(orders: Int, holding: Int, deadLetters: Int) {
        self.orders = orders
        self.holding = holding
        self.deadLetters = deadLetters
    }

    /// `3 orders held up by 2 dead letters`; `nil` if there is no open dead letter.
    package var text: String? {
        guard deadLetters > 0 else { return nil }
        guard orders > 0 else { return "\(Self.letters(deadLetters)), no order held up" }
        let held = "\(orders) order\(orders == 1 ? "" : "s") held up by \(Self.letters(holding))"
        return deadLetters > holding ? "\(held), \(Self.letters(deadLetters)) in all" : held
    }

    private static func letters(_ count: Int) -> String { "\(count) dead letter\(count == 1 ? "" : "s")" }
}

import Contracts

/// A question about an event, such as `data.total.amount > 5000 and not data.customerID = 'c-1'`.
///
/// Grammar and meaning: docs/reference/cli.md, "tail". An attribute or member that an event does not have makes a
/// comparison false, and nothing an event holds makes it fail.
indirect enum EventExpression: Equatable, Sendable {
    case both(EventExpression, EventExpression)
    case either(EventExpression, EventExpression)
    case not(EventExpression)
    /// The field is there, and is neither null, false, 0 nor empty.
    case truth(EventField)
    case comparison(EventField, Comparison, Literal)

    enum Comparison: String, CaseIterable, Sendable {
        case equal = "="
        case unequal = "!="
        case less = "<"
        case notGreater = "<="
        case greater = ">"
        case notLess = ">="
        /// Holds the text, capitals or not.
        case contains = "~"
    }

    enum Literal: Equatable, Sendable {
        case text(String)
        case number(Double)
        case bool(Bool)
        case null
    }

    /// What it asks of an event's type: whole types, and parts of them.
    var types: (whole: [String], parts: [String]) {
        switch self {
        case .both(let left, let right), .either(let left, let right):
            let (left, right) = (left.types, right.types)
            return (left.whole + right.whole, left.parts + right.parts)
        case .not(let inner): return inner.types
        case .comparison(.attribute(.type), .contains, .text(let text)): return ([], [text])
        case .comparison(.attribute(.type), .equal, .text(let text)): return ([text], [])
        case .comparison(.attribute(.type), .unequal, .text(let text)): return ([text], [])
        default: return ([], [])
        }
    }

    func holds(of entry: TailEntry) -> Bool {
        guard let envelope = entry.envelope else { return false }
        return holds(EventFields(envelope: envelope, topic: entry.topic, offset: entry.offset))
    }

    private func holds(_ event: EventFields) -> Bool {
        switch self {
        case .both(let left, let right): left.holds(event) && right.holds(event)
        case .either(let left, let right): left.holds(event) || right.holds(event)
        case .not(let inner): !inner.holds(event)
        case .truth(let field): Self.isTrue(event[field])
        case .comparison(let field, let comparison, let literal):
            event[field].map { Self.compare($0, comparison, literal) } ?? (literal == .null && comparison == .equal)
        }
    }

    private static func isTrue(_ value: JSONValue?) -> Bool {
        switch value {
        case nil, .null, .bool(false), .integer(0), .string(""): false
        case .array(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        default: true
        }
    }

    private static func compare(_ value: JSONValue, _ comparison: Comparison, _ literal: Literal) -> Bool {
        switch (value, literal) {
        case (.null, .null): return ordered(0, comparison)
        case (.null, _), (_, .null): return comparison == .unequal
        case (.bool(let truth), .bool(let wanted)): return ordered(truth == wanted ? 0 : 1, comparison)
        case (.integer(let whole), .number(let wanted)): return compare(Double(whole), comparison, wanted)
        case (.number(let number), .number(let wanted)): return compare(number, comparison, wanted)
        case (.string(let text), .text(let wanted)): return compare(text, comparison, wanted)
        // A number that is written as text, on either side.
        case (.string(let text), .number(let wanted)):
            return Double(text).map { compare($0, comparison, wanted) } ?? (comparison == .unequal)
        default: return comparison == .unequal
        }
    }

    private static func compare(_ value: Double, _ comparison: Comparison, _ wanted: Double) -> Bool {
        ordered(value < wanted ? -1 : value > wanted ? 1 : 0, comparison)
    }

    private static func compare(_ value: String, _ comparison: Comparison, _ wanted: String) -> Bool {
        if comparison == .contains { return value.lowercased().contains(wanted.lowercased()) }
        // Of one time there are several texts.
        if let time = Timestamp(value), let other = Timestamp(wanted) {
            return ordered(time < other ? -1 : time > other ? 1 : 0, comparison)
        }
        return ordered(value < wanted ? -1 : value > wanted ? 1 : 0, comparison)
    }

    private static func ordered(_ order: Int, _ comparison: Comparison) -> Bool {
        switch comparison {
        case .equal: order == 0
        case .unequal: order != 0
        case .less: order < 0
        case .notGreater: order <= 0
        case .greater: order > 0
        case .notLess: order >= 0
        case .contains: false
        }
    }
}

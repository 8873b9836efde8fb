import Contracts
import TestSupport

/// The fields of an event, envelope and data, to change one of them.
struct EventFields {
    private(set) var envelope: Envelope
    private var data: JSONValue?

    init(_ envelope: Envelope) {
        self.envelope = envelope
        data = JSONValue.parse(envelope.data)
    }

    enum Field {
        case id, source, subject, time, correlationID, causationID, twinOf, traceparent
        case data([JSONStep])
    }

    private static let attributes: [(Field, String)] = [
        (.id, "id"), (.source, "source"), (.subject, "subject"), (.time, "time"), (.correlationID, "correlationid"),
        (.causationID, "causationid"), (.twinOf, "twinof"), (.traceparent, "traceparent"),
    ]

    /// Every field that this event has or could have, with its name.
    var all: [(Field, String)] { Self.attributes + members }

    private var members: [(Field, String)] {
        (data?.leafPaths ?? []).map { (.data($0), "data." + $0.map(\.name).joined(separator: ".")) }
    }

    /// Changes one field, chosen at random, and says which, and to what; nil where it came out as it was.
    ///
    /// - Parameter others: events of the same type, whose values are the best forgeries.
    mutating func changeOne(others: [Envelope], _ random: inout SeededRandom) -> (path: String, detail: String)? {
        // Half of all changes are to the data, however few members that has.
        let fields = random.below(2) == 0 ? Self.attributes : members
        guard !fields.isEmpty else { return nil }
        let (field, path) = fields[random.below(fields.count)]
        return change(field, path, others: others, &random)
    }

    /// Changes this field, and says to what; nil where it came out as it was.
    mutating func change(_ field: Field, _ path: String, others: [Envelope], _ random: inout SeededRandom) -> (
        path: String, detail: String
    )? {
        let before = envelope
        let other = others.isEmpty ? envelope : others[random.below(others.count)]
        switch field {
        case .id: envelope.id = random.below(2) == 0 ? other.id : Self.altered(envelope.id)
        case .source: envelope.source = ServiceName.allCases[random.below(5)].source
        case .subject: envelope.subject = random.below(2) == 0 ? other.subject : envelope.subject + "0"
        case .time:
            let shifts: [Int64] = [-1, 1, 1000, -1_000_000, 3_600_000_000, -86_400_000_000]
            envelope.time = Timestamp(microseconds: envelope.time.microseconds + shifts[random.below(shifts.count)])
        case .correlationID: envelope.correlationID = other.correlationID
        case .causationID:
            switch random.below(3) {
            case 0: envelope.causationID = nil
            case 1: envelope.causationID = other.causationID ?? other.id
            default: envelope.causationID = Self.altered(envelope.causationID ?? envelope.id)
            }
        case .twinOf: envelope.twinOf = other.id
        case .traceparent:
            envelope.traceparent =
                random.below(2) == 0
                ? nil : "00-\(String(repeating: "ab", count: 16))-\(String(repeating: "cd", count: 8))-01"
        case .data(let steps):
            guard let data else { return nil }
            let same = JSONValue.parse(other.data)?.value(at: steps)
            guard let changed = data.replacing(at: steps, same, &random), let line = try? changed.line() else {
                return nil
            }
            self.data = changed
            envelope.data = Array(line.utf8)
        }
        guard envelope != before else { return nil }
        if case .data(let steps) = field {
            let words = [JSONValue.parse(before.data)?.value(at: steps), data?.value(at: steps)].map { value in
                value.flatMap { try? $0.line() } ?? "nothing"
            }
            return (Self.general(path), "\(words[0]) → \(words[1])")
        }
        return (path, "changed")
    }

    /// Without the indices of lists: `data.lines.0.quantity` is `data.lines.quantity`.
    static func general(_ path: String) -> String {
        path.split(separator: ".").filter { Int($0) == nil }.joined(separator: ".")
    }

    private static func altered(_ id: EventID) -> EventID { EventID(high: id.high, low: id.low ^ 0x100) }
}

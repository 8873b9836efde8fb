import GRDB

/// What a cell of a database may hold: its type, and for a number its range.
enum CellRule: Sendable {
    case id
    case bytes
    case text
    case whole(ClosedRange<Int64>)
    case word([String])
    /// The same, or NULL.
    indirect case optional(Self)

    static let any = whole(.min ... .max)
    /// So small that sums of many stay exact.
    static let count = whole(0...1 << 53)
    /// An offset, or a number of bytes; one more is a number, too.
    static let offset = whole(0...1 << 62)
    static let sequence = whole(1...1 << 62)
    /// Microseconds from 1970 to the end of the year 9999.
    static let time = whole(0...253_402_300_799_999_999)

    /// The condition as SQL, never NULL.
    func condition(_ column: String) -> String {
        switch self {
        case .id: "(typeof(\(column)) = 'blob' AND length(\(column)) = 16)"
        case .bytes: "typeof(\(column)) = 'blob'"
        case .text: "typeof(\(column)) = 'text'"
        case .whole(.min ... .max): "typeof(\(column)) = 'integer'"
        case .whole(let range):
            "(typeof(\(column)) = 'integer' AND \(column) BETWEEN \(range.lowerBound) AND \(range.upperBound))"
        case .word(let words):
            "(typeof(\(column)) = 'text' AND \(column) IN (\(words.map { "'\($0)'" }.joined(separator: ", "))))"
        case .optional(let cell): "(\(column) IS NULL OR \(cell.condition(column)))"
        }
    }

    /// What belongs there, for a finding.
    var words: String {
        switch self {
        case .id: "an id of 16 bytes"
        case .bytes: "bytes"
        case .text: "text"
        case .whole(.min ... .max): "a whole number"
        case .whole(let range): "a whole number from \(range.lowerBound) to \(range.upperBound)"
        case .word(let words): "one of " + words.joined(separator: ", ")
        case .optional(let cell): cell.words + " or NULL"
        }
    }

    /// What is there, without the text itself, which may be an address.
    static func words(_ value: DatabaseValue) -> String {
        switch value.storage {
        case .null: "NULL"
        case .int64(let number): "\(number)"
        case .double(let number): "the real number \(number)"
        case .string(let text): "text of \(text.utf8.count) bytes"
        case .blob(let data): "a blob of \(data.count) bytes"
        }
    }
}
